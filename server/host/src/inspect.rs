//! Reads a library's structure and ABI tag out of its bytes: nothing of it has run yet, and a damaged file ends here.

use std::mem::offset_of;

use keyhook_plugin::abi;
use object::elf;
use object::read::elf::{Dyn as _, ElfFile64, FileHeader as _, ProgramHeader as _};
use object::{LittleEndian, Object as _, ObjectSymbol as _};

use crate::refusal::Refusal;

const LE: LittleEndian = LittleEndian;

/// What the tag says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// ABI minor it was built for.
    pub abi_minor: u32,
    /// Built without optimization.
    pub debug: bool,
    /// Who built it, for people.
    pub build: String,
}

/// Checks that `bytes` are a plugin for this machine and this ABI.
///
/// # Errors
/// The exact [`Refusal`].
pub fn inspect(bytes: &[u8]) -> Result<Tag, Refusal> {
    let header = header(bytes)?;
    let segments = segments(header, bytes)?;
    let file = ElfFile64::<LittleEndian>::parse(bytes).map_err(damaged)?;
    let mut tag_at = None;
    let mut has_entry = false;
    for symbol in file.dynamic_symbols().filter(object::ObjectSymbol::is_definition) {
        match symbol.name_bytes() {
            Ok(name) if name == abi::TAG_SYMBOL.as_bytes() => tag_at = Some(symbol.address()),
            Ok(name) if name == abi::ENTRY_SYMBOL.as_bytes() => has_entry = true,
            _ => {}
        }
    }
    let tag = check_tag(tag_bytes(tag_at.ok_or(Refusal::NotPlugin)?, &segments, bytes)?)?;
    // After the tag: a library for another major lacks this symbol, and the tag says why.
    if !has_entry {
        return Err(Refusal::NoEntry);
    }
    Ok(tag)
}

fn damaged(error: object::Error) -> Refusal {
    Refusal::Damaged(error.to_string())
}

const MACHINE: u16 = if cfg!(target_arch = "x86_64") { elf::EM_X86_64 } else { elf::EM_AARCH64 };

fn header(bytes: &[u8]) -> Result<&elf::FileHeader64<LittleEndian>, Refusal> {
    if !bytes.starts_with(b"\x7fELF") {
        return Err(Refusal::NotLibrary("no ELF magic".into()));
    }
    match (bytes.get(4).copied(), bytes.get(5).copied()) {
        (Some(elf::ELFCLASS32), _) => return Err(Refusal::Architecture("32-bit ELF".into())),
        (Some(elf::ELFCLASS64), Some(elf::ELFDATA2MSB)) => return Err(Refusal::Architecture("big-endian ELF".into())),
        (Some(elf::ELFCLASS64), Some(elf::ELFDATA2LSB)) => {}
        _ => return Err(Refusal::Damaged("unknown class or byte order".into())),
    }
    let header = elf::FileHeader64::<LittleEndian>::parse(bytes).map_err(damaged)?;
    let machine = header.e_machine.get(LE);
    if machine != MACHINE {
        return Err(Refusal::Architecture(format!("e_machine {machine} instead of {MACHINE}")));
    }
    match header.e_type.get(LE) {
        elf::ET_DYN => Ok(header),
        elf::ET_EXEC => Err(Refusal::NotLibrary("an executable, not a library".into())),
        other => Err(Refusal::NotLibrary(format!("e_type {other}"))),
    }
}

/// A loaded part of the file: address, bytes in the file, offset.
struct Segment {
    address: u64,
    size: u64,
    offset: u64,
}

/// Every segment and the section table lie inside the file: mapping a shorter one would end the process with SIGBUS.
fn segments(header: &elf::FileHeader64<LittleEndian>, bytes: &[u8]) -> Result<Vec<Segment>, Refusal> {
    let len = bytes.len() as u64;
    let mut loaded = Vec::new();
    let mut is_executable = false;
    for program in header.program_headers(LE, bytes).map_err(damaged)? {
        let segment = Segment { address: program.p_vaddr(LE), size: program.p_filesz(LE), offset: program.p_offset(LE) };
        let end = segment.offset.saturating_add(segment.size);
        if end > len {
            return Err(Refusal::Damaged(format!("segment ends at {end} of {len} bytes")));
        }
        match program.p_type(LE) {
            elf::PT_LOAD if program.p_memsz(LE) < segment.size => {
                return Err(Refusal::Damaged("a segment is larger in the file than in memory".into()));
            }
            elf::PT_LOAD => loaded.push(segment),
            elf::PT_INTERP => is_executable = true,
            elf::PT_DYNAMIC => is_executable |= is_pie(program, bytes),
            _ => {}
        }
    }
    if is_executable {
        return Err(Refusal::NotLibrary("an executable, not a library".into()));
    }
    let table = u64::from(header.e_shnum.get(LE)) * u64::from(header.e_shentsize.get(LE));
    let end = header.e_shoff.get(LE).saturating_add(table);
    if end > len {
        return Err(Refusal::Damaged(format!("section table ends at {end} of {len} bytes")));
    }
    Ok(loaded)
}

/// `DT_FLAGS_1` of an executable says so, even of one that is linked statically and has no interpreter.
fn is_pie(program: &elf::ProgramHeader64<LittleEndian>, bytes: &[u8]) -> bool {
    let entries = program.dynamic(LE, bytes).ok().flatten().unwrap_or_default();
    entries.iter().any(|entry| entry.d_tag(LE) == u64::from(elf::DT_FLAGS_1) && entry.d_val(LE) & u64::from(elf::DF_1_PIE) != 0)
}

fn tag_bytes<'a>(address: u64, segments: &[Segment], bytes: &'a [u8]) -> Result<&'a [u8; TAG_LEN], Refusal> {
    let inside = |segment: &Segment| {
        let start = address.checked_sub(segment.address)?;
        let fits = start.checked_add(TAG_LEN as u64)? <= segment.size;
        fits.then(|| segment.offset.checked_add(start)).flatten()
    };
    let at = segments.iter().find_map(inside).and_then(|at| usize::try_from(at).ok());
    at.and_then(|at| bytes.get(at..)?.first_chunk()).ok_or_else(|| Refusal::BadTag("outside the file".into()))
}

const TAG_LEN: usize = size_of::<abi::AbiTag>();

fn check_tag(tag: &[u8; TAG_LEN]) -> Result<Tag, Refusal> {
    let number = |at: usize| u32::from_le_bytes([tag[at], tag[at + 1], tag[at + 2], tag[at + 3]]);
    if tag[..8] != abi::MAGIC {
        return Err(Refusal::BadTag("wrong magic".into()));
    }
    let major = number(offset_of!(abi::AbiTag, abi_major));
    if major != abi::ABI_MAJOR {
        return Err(Refusal::AbiMajor { built: major, speaks: abi::ABI_MAJOR });
    }
    let size = number(offset_of!(abi::AbiTag, tag_size)) as usize;
    if size < TAG_LEN {
        return Err(Refusal::BadTag(format!("{size} bytes instead of {TAG_LEN}")));
    }
    let pointer = number(offset_of!(abi::AbiTag, ptr_bytes)) as usize;
    if pointer != size_of::<usize>() {
        return Err(Refusal::BadTag(format!("pointers of {pointer} bytes")));
    }
    let needs = number(offset_of!(abi::AbiTag, min_host_minor));
    if needs > abi::ABI_MINOR {
        return Err(Refusal::AbiMinor { needs, has: abi::ABI_MINOR });
    }
    let flags = number(offset_of!(abi::AbiTag, flags));
    if flags & abi::FLAG_PANIC_ABORT != 0 {
        return Err(Refusal::PanicAbort);
    }
    let build = tag[offset_of!(abi::AbiTag, build)..].split(|byte| *byte == 0).next().unwrap_or_default();
    let build = String::from_utf8_lossy(build).chars().filter(|c| !c.is_control()).collect();
    Ok(Tag { abi_minor: number(offset_of!(abi::AbiTag, abi_minor)), debug: flags & abi::FLAG_DEBUG != 0, build })
}
