//! Memory that begins at a line of the cache.

use memmap2::MmapMut;

/// Bytes of a line of the cache.
pub(crate) const LINE: usize = 64;

/// Bytes of a large page, on most machines that have some.
const LARGE_PAGE: usize = 2 << 20;

/// A run of bytes. It takes memory only where it was written to.
#[derive(Debug)]
pub(crate) struct Memory {
    map: MmapMut,
    /// Where it begins in the map, which is at a large page if it has whole ones.
    start: usize,
    n_bytes: usize,
}

impl Memory {
    /// Zeros; `None` if there is not enough memory.
    pub(crate) fn zeroed(n_bytes: usize) -> Option<Self> {
        let room = if n_bytes < LARGE_PAGE { 0 } else { LARGE_PAGE };
        let map = MmapMut::map_anon(n_bytes.max(LINE).checked_add(room)?).ok()?;
        let start = if room == 0 { 0 } else { map.as_ptr().align_offset(LARGE_PAGE) };
        let n_large = n_bytes / LARGE_PAGE * LARGE_PAGE;
        if n_large > 0 {
            ask_for_large_pages(&map, start, n_large);
        }
        Some(Memory { map, start, n_bytes })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.map[self.start..][..self.n_bytes]
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.map[self.start..][..self.n_bytes]
    }
}

/// Large pages are had at once where small ones are asked for one by one, and more of them can be looked up at the same
/// time. The system may not have any.
#[cfg(target_os = "linux")]
fn ask_for_large_pages(map: &MmapMut, start: usize, n_bytes: usize) {
    let _ = map.advise_range(memmap2::Advice::HugePage, start, n_bytes);
}

#[cfg(not(target_os = "linux"))]
fn ask_for_large_pages(_: &MmapMut, _: usize, _: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_zeros_from_a_line_on() {
        for n_bytes in [0, 1, LINE, LARGE_PAGE - 1, LARGE_PAGE, 2 * LARGE_PAGE + LINE] {
            let mut memory = Memory::zeroed(n_bytes).expect("it is not much");
            assert!(memory.bytes().as_ptr().addr().is_multiple_of(LINE));
            assert_eq!(memory.bytes().len(), n_bytes);
            assert!(memory.bytes().iter().all(|&byte| byte == 0));
            memory.bytes_mut().fill(1);
        }
        assert!(Memory::zeroed(usize::MAX).is_none());
    }
}
