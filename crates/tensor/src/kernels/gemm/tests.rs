//! Every kernel on every instruction set against the plain product.

use super::*;
use crate::kernels::{Write, instruction_sets, update};

/// Either float type with its product.
trait Tested: Element {
    fn product(
        arch: Arch,
        out: &mut [Self],
        operands: (Matrix<'_, Self>, Matrix<'_, Self>),
        f: Finish<'_, Self>,
    );
}

impl Tested for f32 {
    fn product(
        arch: Arch,
        out: &mut [Self],
        operands: (Matrix<'_, Self>, Matrix<'_, Self>),
        f: Finish<'_, Self>,
    ) {
        product_f32(|| arch, out, operands, f);
    }
}

impl Tested for f64 {
    fn product(
        arch: Arch,
        out: &mut [Self],
        operands: (Matrix<'_, Self>, Matrix<'_, Self>),
        f: Finish<'_, Self>,
    ) {
        product_f64(|| arch, out, operands, f);
    }
}

/// Small whole numbers: every order of adding gives the same bits.
fn whole<T: Element>(n: usize, seed: usize) -> Vec<T> {
    (0..n).map(|i| T::from_f64(((i * 7 + seed * 13) % 11) as f64 - 5.0)).collect()
}

/// Numbers whose sums depend on the order of adding.
fn fractions<T: Element>(n: usize, seed: usize) -> Vec<T> {
    (0..n).map(|i| T::from_f64(((i * 7919 + seed * 104_729) % 10_007) as f64 / 7.0 - 700.0)).collect()
}

/// An operand in one of two layouts.
fn matrix<T>(values: &[T], rows: usize, cols: usize, transposed: bool) -> Matrix<'_, T> {
    if transposed { Matrix::new(values, cols, rows).t() } else { Matrix::new(values, rows, cols) }
}

/// The plain product, then what `finish` does.
fn plain<T: Element>(
    out: &mut [T],
    (a, b): (Matrix<'_, T>, Matrix<'_, T>),
    write: Write,
    bias: Option<&[T]>,
    floor: Option<T>,
) {
    let mut write = write;
    if let Some(bias) = bias.filter(|bias| !bias.is_empty()) {
        out.chunks_exact_mut(bias.len()).for_each(|row| row.copy_from_slice(bias));
        write = Write::Add;
    }
    gemm_plain(out, write, T::from_f64(-2.0), a, b);
    if let Some(floor) = floor {
        update(out, |x| if x < floor { floor } else { x });
    }
}

/// Same bits, or both not a number; zeros of either sign are equal.
fn same<T: Element>(got: &[T], want: &[T]) -> bool {
    got.len() == want.len() && got.iter().zip(want).all(|(a, b)| a == b || a.is_nan() && b.is_nan())
}

/// All layouts and ways to finish of one product.
fn compare<T: Tested>([m, k, n]: [usize; 3], a: &[T], b: &[T]) {
    let row: Vec<T> = whole(n, 3);
    for layout in 0..4 {
        let operands = (matrix(a, m, k, layout & 1 == 1), matrix(b, k, n, layout & 2 == 2));
        for (write, bias, floor) in [
            (Write::Store, None, None),
            (Write::Add, None, None),
            (Write::Store, Some(&row[..]), None),
            (Write::Store, Some(&row[..]), Some(T::zero())),
            (Write::Add, None, Some(T::one())),
        ] {
            let start = vec![T::from_f64(3.0); m * n];
            let mut want = start.clone();
            plain(&mut want, operands, write, bias, floor);
            for arch in instruction_sets() {
                let mut got = start.clone();
                let finish = Finish { bias, ..Finish::new(write, T::from_f64(-2.0)) }.floor(floor);
                T::product(arch, &mut got, operands, finish);
                assert!(
                    same(&got, &want),
                    "{m}x{k}x{n} layout {layout} {write:?} {bias:?} {floor:?} {arch:?}"
                );
            }
        }
    }
}

fn compare_whole(sizes: &[[usize; 3]]) {
    for &[m, k, n] in sizes {
        compare::<f32>([m, k, n], &whole(m * k, 1), &whole(k * n, 2));
        compare::<f64>([m, k, n], &whole(m * k, 1), &whole(k * n, 2));
    }
}

#[test]
fn thin_products_equal_the_plain_one() {
    compare_whole(&[[0, 3, 2], [2, 0, 3], [2, 3, 0], [1, 1, 1], [1, 10, 5], [32, 10, 5]]);
    compare_whole(&[[1, 300, 70], [300, 1, 70], [2, 37, 65], [3, 64, 33], [40, 3, 47], [300, 17, 1]]);
}

#[test]
fn small_products_equal_the_plain_one() {
    compare_whole(&[[32, 64, 40], [33, 41, 17], [7, 31, 33], [5, 260, 16], [12, 5, 32], [23, 9, 63]]);
}

#[test]
fn large_products_equal_the_plain_one() {
    // More than one block of the inner size, of rows, and of columns, none of them whole.
    compare_whole(&[[37, 530, 67], [403, 514, 6], [131, 29, 300]]);
}

#[test]
fn a_large_second_operand_is_packed_beforehand() {
    let [m, k, n] = [5, 520, 1030];
    let (a, b) = (whole::<f32>(m * k, 1), whole(k * n, 2));
    let operands = (Matrix::new(&a, m, k), Matrix::new(&b, k, n));
    let (mut got, mut want) = (vec![0.0; m * n], vec![0.0; m * n]);
    gemm_plain(&mut want, Write::Store, 1.0, operands.0, operands.1);
    for arch in instruction_sets() {
        product_f32(|| arch, &mut got, operands, Finish::new(Write::Store, 1.0));
        assert_eq!(got, want, "{arch:?}");
    }
}

#[test]
fn special_values_reach_their_row_and_column_alone() {
    let specials = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, f64::from(f32::MIN_POSITIVE) / 4.0];
    for [m, k, n] in [[1, 70, 19], [2, 3, 65], [13, 33, 21], [19, 520, 110], [30, 9, 1], [3, 5, 7]] {
        for (i, special) in specials.into_iter().enumerate() {
            let (mut a, mut b) = (whole::<f32>(m * k, 1), whole(k * n, 2));
            a[(i * 31) % (m * k)] = special as f32;
            compare([m, k, n], &a, &b);
            b[(i * 17 + 5) % (k * n)] = special as f32;
            compare([m, k, n], &a, &b);
        }
    }
}

#[test]
fn bits_do_not_depend_on_the_place_in_a_tile() {
    // The rows of a product are the products of its rows, and its columns those of its columns.
    let [m, k, n] = [29, 700, 75];
    let (a, b) = (fractions::<f32>(m * k, 1), fractions(k * n, 2));
    for arch in instruction_sets() {
        let mut all = vec![0.0; m * n];
        let finish = Finish::new(Write::Store, 1.0);
        product_f32(|| arch, &mut all, (Matrix::new(&a, m, k), Matrix::new(&b, k, n)), finish);
        let mut below = vec![0.0; (m - 1) * n];
        product_f32(|| arch, &mut below, (Matrix::new(&a[k..], m - 1, k), Matrix::new(&b, k, n)), finish);
        assert_eq!(below, all[n..], "{arch:?}");
        let narrow: Vec<f32> = b.chunks_exact(n).flat_map(|row| row[3..].to_vec()).collect();
        let mut right = vec![0.0; m * (n - 3)];
        product_f32(|| arch, &mut right, (Matrix::new(&a, m, k), Matrix::new(&narrow, k, n - 3)), finish);
        let want: Vec<f32> = all.chunks_exact(n).flat_map(|row| row[3..].to_vec()).collect();
        assert_eq!(right, want, "{arch:?}");
    }
}

#[cfg(feature = "rayon")]
#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    for [m, k, n] in [[200, 150, 300], [400, 520, 50], [96, 64, 1500]] {
        let (a, b, row) = (fractions::<f32>(m * k, 1), fractions(k * n, 2), fractions(n, 3));
        for layout in 0..4 {
            let operands = (matrix(&a, m, k, layout & 1 == 1), matrix(&b, k, n, layout & 2 == 2));
            let run = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let mut out = vec![0.0; m * n];
                let finish = Finish::new(Write::Store, 1.0).bias(&row).floor(Some(0.0));
                pool.install(|| product_f32(Arch::new, &mut out, operands, finish));
                out
            };
            let one = run(1);
            for threads in 2..=5 {
                assert_eq!(run(threads), one, "{m}x{k}x{n} layout {layout}, {threads} threads");
            }
        }
    }
}
