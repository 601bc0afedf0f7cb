//! A hash that is the same on every machine and in every version.

/// FNV-1a with 64 bits (Fowler, Noll, Vo), and a final mix, as the upper bits of FNV alone change little with
/// the last characters.
pub(super) fn hash(term: &str) -> u64 {
    mix(fnv1a(term.as_bytes()))
}

fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The finalizer of MurmurHash3 (Appleby): each bit of the result depends on each bit of `x`.
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    x = (x ^ (x >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    x ^ (x >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_values_are_met() {
        // From the authors' list of test vectors.
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
        assert_eq!(mix(0), 0);
    }

    #[test]
    fn signs_and_columns_are_spread() {
        let hashes: Vec<u64> = (0..10_000).map(|i| hash(&format!("term {i}"))).collect();
        let negative = hashes.iter().filter(|&&hash| hash >> 63 == 1).count();
        assert!((4800..5200).contains(&negative), "{negative}");
        let mut columns = [0; 16];
        hashes.iter().for_each(|hash| columns[(hash % 16) as usize] += 1);
        assert!(columns.iter().all(|count| (500..750).contains(count)), "{columns:?}");
    }
}
