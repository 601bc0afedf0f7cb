//! The elements that files hold, and how they lie there.

use safetensors::Dtype;
use tensor::Element;

/// An element that files hold: `f32` (`F32` in a file) or `f64` (`F64`).
///
/// A [`Dual`](tensor::Dual) is none: saving a model of dual numbers does not compile. Copy it to one of plain
/// numbers first, with [`Fields::copy_from`](crate::Fields::copy_from).
///
/// ```compile_fail
/// let w = tensor::Param::<tensor::Dual<f64>>::new(&tensor::ndarray::array![]).unwrap();
/// nn::save_weights(&w, "dual.safetensors");
/// ```
pub trait Number: Element + Stored {}

impl Number for f32 {}
impl Number for f64 {}

/// What a [`Number`] is made of; closed, since elements are.
pub trait Stored: Sized {
    /// The name of the type in a file.
    const DTYPE: Dtype;
    /// Writes the bits, lowest byte first, to as many bytes as the type has.
    fn put(self, bytes: &mut [u8]);
    /// The number of these bits.
    fn take(bytes: &[u8]) -> Self;
}

macro_rules! stored {
    ($t:ident, $dtype:ident) => {
        impl Stored for $t {
            const DTYPE: Dtype = Dtype::$dtype;

            fn put(self, bytes: &mut [u8]) {
                bytes.copy_from_slice(&self.to_le_bytes());
            }

            fn take(bytes: &[u8]) -> Self {
                $t::from_le_bytes(bytes.try_into().expect("chunks are as long as a number"))
            }
        }
    };
}

stored!(f32, F32);
stored!(f64, F64);

/// The elements of a tensor in a file: as they are where the types agree, the nearest numbers otherwise.
///
/// # Errors
/// The type that was expected for one that is not read, and the number that is too large for `T`.
pub(crate) fn decode<T: Number>(dtype: Dtype, bytes: &[u8]) -> Result<Vec<T>, String> {
    let width = size_of::<T>();
    if dtype == T::DTYPE {
        return Ok(bytes.chunks_exact(width).map(T::take).collect());
    }
    let Some((width, read)) = reader(dtype) else {
        return Err(format!("expected F16, BF16, F32, F64 or I64, got {dtype}"));
    };
    let numbers = bytes.chunks_exact(width).map(|bytes| {
        let wide = read(bytes);
        let narrow = T::from_f64(wide);
        if wide.is_finite() && !narrow.is_finite() {
            return Err(format!("expected numbers within {}, got {wide:e}", T::DTYPE));
        }
        Ok(narrow)
    });
    numbers.collect()
}

/// Whether [`decode`] reads the type.
pub(crate) fn is_read(dtype: Dtype) -> bool {
    reader(dtype).is_some()
}

type Read = fn(&[u8]) -> f64;

/// The width of a type and how one of it is read.
fn reader(dtype: Dtype) -> Option<(usize, Read)> {
    let reader: (usize, Read) = match dtype {
        Dtype::F64 => (8, f64::take),
        Dtype::F32 => (4, |bytes| f64::from(f32::take(bytes))),
        Dtype::F16 => (2, |bytes| half(word(bytes))),
        // The upper half of an f32.
        Dtype::BF16 => (2, |bytes| f64::from(f32::from_bits(u32::from(word(bytes)) << 16))),
        Dtype::I64 => {
            (8, |bytes| i64::from_le_bytes(bytes.try_into().expect("chunks are as long as a number")) as f64)
        }
        _ => return None,
    };
    Some(reader)
}

fn word(bytes: &[u8]) -> u16 {
    u16::from_le_bytes(bytes.try_into().expect("chunks are as long as a number"))
}

/// The number of a half: a sign, 5 bits of exponent, 10 of fraction (IEEE 754 binary16).
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let size = match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    };
    if bits >> 15 == 0 { size } else { -size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_the_numbers_of_the_standard() {
        let cases = [
            (0x0000, 0.0),
            (0x0001, 5.960464477539063e-8),
            (0x03ff, 6.097555160522461e-5),
            (0x0400, 6.103515625e-5),
            (0x3555, 0.333251953125),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x7c00, f64::INFINITY),
            (0xfc00, f64::NEG_INFINITY),
        ];
        for (bits, want) in cases {
            assert_eq!(half(bits), want, "{bits:x}");
        }
        assert!(half(0x8000).is_sign_negative());
        assert!(half(0x7e00).is_nan());
        assert_eq!(decode::<f32>(Dtype::F16, &[0x00, 0x3c, 0x01, 0x00]).unwrap(), [1.0, 2f32.powi(-24)]);
    }

    #[test]
    fn other_types_become_the_nearest_numbers() {
        assert_eq!(decode::<f64>(Dtype::BF16, &[0x80, 0x3f, 0x20, 0xc0]).unwrap(), [1.0, -2.5]);
        assert_eq!(decode::<f32>(Dtype::F64, &0.1f64.to_le_bytes()).unwrap(), [0.1f32]);
        assert_eq!(decode::<f64>(Dtype::F32, &0.1f32.to_le_bytes()).unwrap(), [f64::from(0.1f32)]);
        assert_eq!(decode::<f32>(Dtype::I64, &(-7i64).to_le_bytes()).unwrap(), [-7.0]);
    }

    #[test]
    fn the_same_type_keeps_every_bit() {
        let bits = [0u32, 1, 0x8000_0000, 0x7fa0_0001, 0xffff_ffff, 0x7f80_0000];
        let bytes: Vec<u8> = bits.iter().flat_map(|bits| bits.to_le_bytes()).collect();
        let back = decode::<f32>(Dtype::F32, &bytes).unwrap();
        assert_eq!(back.iter().map(|x| x.to_bits()).collect::<Vec<_>>(), bits);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let large = decode::<f32>(Dtype::F64, &1e300f64.to_le_bytes()).unwrap_err();
        assert_eq!(large, "expected numbers within F32, got 1e300");
        let infinite = decode::<f32>(Dtype::F64, &f64::INFINITY.to_le_bytes()).unwrap();
        assert_eq!(infinite, [f32::INFINITY]);
        let flags = decode::<f32>(Dtype::BOOL, &[1]).unwrap_err();
        assert_eq!(flags, "expected F16, BF16, F32, F64 or I64, got BOOL");
    }
}
