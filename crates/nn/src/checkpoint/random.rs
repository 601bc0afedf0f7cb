//! Generators of random numbers as text.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use std::fmt::Write;

const KIND: &str = "chacha8";

/// All that a generator is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Generator {
    seed: [u8; 32],
    stream: u64,
    /// In words of 32 bits; a number of 68.
    place: u128,
}

impl Generator {
    pub(crate) fn of(rng: &ChaCha8Rng) -> Self {
        Self { seed: rng.get_seed(), stream: rng.get_stream(), place: rng.get_word_pos() }
    }

    pub(crate) fn rng(&self) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::from_seed(self.seed);
        rng.set_stream(self.stream);
        rng.set_word_pos(self.place);
        rng
    }

    pub(crate) fn to_text(self) -> String {
        let mut seed = String::new();
        for byte in self.seed {
            let _ = write!(seed, "{byte:02x}");
        }
        format!("{KIND} {seed} {} {}", self.stream, self.place)
    }

    /// The generator of a text, if it is one.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let (kind, hex) = (words.next()?, words.next()?);
        let (stream, place): (u64, u128) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        if kind != KIND || words.next().is_some() || hex.len() != 64 || place >> 68 != 0 {
            return None;
        }
        let mut seed = [0; 32];
        for (byte, pair) in seed.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
            let [high, low] = [pair[0], pair[1]].map(|digit| char::from(digit).to_digit(16));
            *byte = (high? << 4 | low?) as u8;
        }
        Some(Self { seed, stream, place })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    #[test]
    fn a_generator_goes_on_where_it_was() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        rng.set_stream(u64::MAX);
        for draws in [0, 1, 15, 16, 63, 64, 100_000] {
            (0..draws).for_each(|_| _ = rng.random::<u32>());
            let mut back = Generator::from_text(&Generator::of(&rng).to_text()).unwrap().rng();
            assert_eq!(back, rng);
            assert_eq!(back.random::<[u64; 40]>(), rng.random::<[u64; 40]>());
        }
        rng.set_word_pos((1 << 68) - 1);
        let last = Generator::of(&rng);
        assert_eq!(Generator::from_text(&last.to_text()), Some(last));
    }

    #[test]
    fn other_texts_are_none() {
        let seed = "0f".repeat(32);
        assert!(Generator::from_text(&format!("chacha8 {seed} 1 2")).is_some());
        let others = [
            String::new(),
            format!("chacha20 {seed} 1 2"),
            format!("chacha8 {seed} 1"),
            format!("chacha8 {seed} 1 2 3"),
            format!("chacha8 {seed} -1 2"),
            format!("chacha8 {seed} 1 {}", 1u128 << 68),
            format!("chacha8 {} 1 2", "0".repeat(63)),
            format!("chacha8 {}g 1 2", "0".repeat(63)),
            format!("chacha8 +{} 1 2", "0".repeat(63)),
            format!("chacha8 {} 1 2", "ö".repeat(32)),
        ];
        for text in others {
            assert!(Generator::from_text(&text).is_none(), "{text}");
        }
    }
}
