//! What every store promises, as tests: [`store_contract!`](crate::store_contract) runs all of it over one store.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, missing_docs, reason = "these functions are the bodies of tests")]

pub mod batches;
pub mod crash;
pub mod held;
pub mod listing;
#[cfg(test)]
mod mutants;
pub mod processes;
pub mod purging;
pub mod races;
pub mod restart;
pub mod samples;
pub mod scratch;
pub mod verbs;

/// Tests a store: `store_contract!(name, open)`, where `open` is an `async fn(PathBuf) -> Arc<dyn Store>`.
///
/// The path is a folder of the test's own. A folder that was never seen before is an empty store, the same folder again is a
/// restart or another process: a store that is no file derives a database's name from it with
/// [`scratch::short_name`]. What a store does not promise (`durable`, `shared`, `atomic`, not `evicts`) is not asked of it.
///
/// `store_contract!(name, open, remove)` is for a store behind a server, where `remove` is an `async fn(PathBuf)` that ends what `open`
/// made there. Its tests are ignored unless `--include-ignored` asks for them: a test without its server would not be a test that passed.
#[macro_export]
macro_rules! store_contract {
    ($name:ident, $open:path) => {
        $crate::store_contract!(@all $name, $open; []; $crate::contract::scratch::nothing);
    };
    ($name:ident, $open:path, $remove:path) => {
        $crate::store_contract!(@all $name, $open; [#[ignore = "needs a server: tests/servers/up, then --include-ignored"]]; $remove);
    };
    (@all $name:ident, $open:path; $ignored:tt; $remove:path) => {
        mod $name {
            use super::*;

            $crate::store_contract!(@each $open; $ignored; $remove; verbs:
                a_record_is_found_as_it_was_inserted,
                what_was_never_written_is_absent,
                an_insert_is_refused_while_the_key_exists_live_or_spent,
                a_put_inserts_or_overwrites_and_the_version_grows,
                a_put_or_a_replace_never_revives_what_is_spent,
                a_take_leaves_a_spent_record_with_the_body_it_names,
                a_take_of_a_spent_an_absent_or_a_changed_record_is_refused,
                a_replace_needs_the_version_that_is_stored,
                a_deleted_record_is_absent_and_deleting_it_again_is_no_error,
                an_expired_record_is_still_found,
                names_with_nul_bytes_and_no_bytes_are_different_names,
                a_large_body_comes_back_whole,
                the_same_id_in_two_kinds_is_two_records,
                a_key_of_the_wrong_sort_is_an_error_and_not_absent,
                a_store_that_is_open_is_healthy,
            );
            $crate::store_contract!(@each $open; $ignored; $remove; batches:
                a_batch_is_written_whole,
                a_refused_guard_leaves_nothing_of_the_batch,
                a_refusal_in_the_middle_leaves_nothing_of_the_batch,
                a_batch_may_touch_a_record_twice,
                refused_batches_between_applied_ones_leave_the_others_alone,
                an_empty_batch_is_applied,
            );
            $crate::store_contract!(@each $open; $ignored; $remove; races:
                one_of_64_tasks_takes_a_record,
                one_of_64_tasks_inserts_a_key,
                of_64_replacements_of_one_version_one_is_applied,
            );
            $crate::store_contract!(@each $open; $ignored; $remove; listing:
                a_kind_is_listed_in_key_order_and_in_pages,
                records_are_listed_by_client_and_by_subject,
            );
            $crate::store_contract!(@each $open; $ignored; $remove; purging:
                issued_records_below_the_floor_are_purged_and_no_others,
                named_records_are_purged_when_they_have_expired,
                a_purge_of_many_goes_in_slices_until_nothing_is_left,
            );
            $crate::store_contract!(@each $open; $ignored; $remove; held:
                what_a_batch_holds_is_dropped_before_the_answer,
                what_a_refused_batch_holds_is_dropped_before_the_answer,
                what_a_batch_holds_is_dropped_when_the_caller_has_gone,
            );
            $crate::store_contract!(@each $open; $ignored; $remove; restart:
                a_restart_keeps_everything,
                a_closed_store_has_written_what_was_queued,
            );
            $crate::store_contract!(@each $open; $ignored; $remove; processes:
                between_two_processes_each_record_has_one_taker,
                a_write_of_another_process_moves_changed_elsewhere,
            );
            $crate::store_contract!(@each $open; $ignored; $remove; crash:
                a_killed_process_loses_nothing_acknowledged_and_takes_nothing_twice,
            );

            /// Run by tests of this contract in processes of their own.
            #[test]
            fn a_child_process_does_what_its_parent_asks() {
                $crate::contract::processes::child($open);
            }
        }
    };
    (@each $open:path; $ignored:tt; $remove:path; $chapter:ident: $($rule:ident,)+) => {
        $( $crate::store_contract!(@one $open; $ignored; $remove; $chapter; $rule); )+
    };
    (@one $open:path; [$($ignored:tt)*]; $remove:path; $chapter:ident; $rule:ident) => {
        #[test]
        $($ignored)*
        fn $rule() {
            let scratch = $crate::contract::scratch::Scratch::new(concat!(module_path!(), "::", stringify!($rule)));
            let scratch = scratch.removed_with($remove);
            $crate::contract::scratch::block_on($crate::contract::$chapter::$rule(&scratch, $open));
        }
    };
}
