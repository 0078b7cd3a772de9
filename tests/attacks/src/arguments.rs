//! What the command line asks for.

/// How much, where, what.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Rounds are added until there are so many inputs.
    pub inputs: usize,
    /// One template, or all.
    pub only: Option<String>,
    /// One server, or both.
    pub target: Option<String>,
    /// What the random choices begin with.
    pub seed: u64,
    /// One round, or as many as it takes.
    pub round: Option<u32>,
    /// Inputs between two looks at log and store.
    pub batch: usize,
    /// Lists the catalogue and what is not tried.
    pub list: bool,
    /// Writes the table into the README.
    pub readme: bool,
}

/// Reads the arguments.
///
/// # Errors
/// What is wrong with them.
pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Plan, String> {
    let mut plan =
        Plan { inputs: 100_000, only: None, target: None, seed: 1, round: None, batch: crate::attack::BATCH, list: false, readme: false };
    let mut arguments = arguments;
    while let Some(name) = arguments.next() {
        match name.as_str() {
            "--list" => plan.list = true,
            "--readme" => plan.readme = true,
            _ => {}
        }
        if matches!(name.as_str(), "--list" | "--readme") {
            continue;
        }
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        let number = || value.parse::<u64>().map_err(|_| format!("{name} needs a number"));
        let small = || value.parse::<u32>().map_err(|_| format!("{name} needs a number"));
        match name.as_str() {
            "--inputs" => plan.inputs = usize::try_from(number()?).map_err(|error| error.to_string())?,
            "--only" => plan.only = Some(value),
            "--target" => plan.target = Some(value),
            "--seed" => plan.seed = number()?,
            "--round" => plan.round = Some(small()?),
            "--batch" => plan.batch = usize::try_from(number()?).map_err(|error| error.to_string())?.max(1),
            other => return Err(format!("no such option: {other}")),
        }
    }
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_repeated_by_the_line_it_prints() {
        let line = "--only RU-01 --target dev --seed 7 --round 3 --batch 1";
        let plan = parse(line.split(' ').map(str::to_owned)).unwrap();
        assert_eq!(
            (plan.only.as_deref(), plan.target.as_deref(), plan.seed, plan.round, plan.batch),
            (Some("RU-01"), Some("dev"), 7, Some(3), 1)
        );
        assert!(parse(["--only".to_owned()].into_iter()).is_err() && parse(["--such".to_owned(), "1".to_owned()].into_iter()).is_err());
    }
}
