//! Matrix products through a recorded `matmul`, `matmul_nt` and `matmul_tn` that is replayed: forward alone.
//!
//! Beside each stands the `gemm` crate called bare on the same arrays (`…/crate`). Elements are floating point
//! operations, `2 m k n`. Products of one row are bound by memory: their throughput is in bytes, and `…/read`
//! is a plain sum of as many bytes, the floor that the machine's bandwidth sets.
#![expect(unsafe_code, reason = "the gemm crate's function takes pointers and strides")]

#[expect(dead_code, reason = "the training steps are not needed here")]
#[path = "../tests/support/peers.rs"]
mod peers;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gemm_common::Parallelism;
use gemm_common::pulp::{Arch, Simd, WithSimd};
use peers::data;
use std::hint::black_box;
use std::time::Duration;
use tensor::ndarray::Array2;
use tensor::{Result, Tape, Var};

/// Rows, inner size and columns: the peers' sizes, then the layers of mlp_iv.
const SIZES: [[usize; 3]; 14] = [
    [32, 32, 32],
    [64, 64, 64],
    [128, 128, 128],
    [256, 256, 256],
    [512, 512, 512],
    [1024, 1024, 1024],
    [32, 784, 512],
    [128, 784, 512],
    [1, 784, 512],
    [1, 1024, 1024],
    [32, 64, 128],
    [128, 256, 512],
    [256, 1024, 2048],
    [256, 2048, 2048],
];

/// How the operands lie in memory.
#[derive(Clone, Copy)]
enum Layout {
    /// `a b`
    Nn,
    /// `a bᵀ`
    Nt,
    /// `aᵀ b`
    Tn,
}

impl Layout {
    fn name(self) -> &'static str {
        match self {
            Self::Nn => "nn",
            Self::Nt => "nt",
            Self::Tn => "tn",
        }
    }

    fn product<'t>(self, a: Var<'t, f32>, b: Var<'t, f32>) -> Result<Var<'t, f32>> {
        match self {
            Self::Nn => a.matmul(b),
            Self::Nt => a.matmul_nt(b),
            Self::Tn => a.matmul_tn(b),
        }
    }
}

/// The operands of one product as they lie in memory.
struct Operands {
    size: [usize; 3],
    layout: Layout,
    a: Array2<f32>,
    b: Array2<f32>,
}

impl Operands {
    fn new(size: [usize; 3], layout: Layout) -> Self {
        let [m, k, n] = size;
        let matrix = |seed, shape: [usize; 2]| {
            Array2::from_shape_vec(shape, data(seed, shape[0] * shape[1], 1.0)).expect("rows x columns")
        };
        let a = matrix(1, if matches!(layout, Layout::Tn) { [k, m] } else { [m, k] });
        let b = matrix(2, if matches!(layout, Layout::Nt) { [n, k] } else { [k, n] });
        Self { size, layout, a, b }
    }

    /// The product by the crate. It prefers a destination that lies column by column, which the transposed
    /// product `cᵀ = bᵀ aᵀ` is; the umbrella crate exchanges the operands in the same way.
    fn by_crate(&self, out: &mut [f32], threads: Parallelism) {
        let [m, k, n] = self.size;
        assert_eq!((self.a.len(), self.b.len(), out.len()), (m * k, k * n, m * n), "sizes of a product");
        let [a_row, a_col] = if matches!(self.layout, Layout::Tn) { [1, m] } else { [k, 1] };
        let [b_row, b_col] = if matches!(self.layout, Layout::Nt) { [1, k] } else { [n, 1] };
        let [a_row, a_col, b_row, b_col] = [a_row, a_col, b_row, b_col].map(|stride| stride as isize);
        let (left, right) = (self.b.as_ptr(), self.a.as_ptr());
        let gemm = gemm_f32::gemm::f32::get_gemm_fn();
        // SAFETY: the sizes above; with these strides the last element of each matrix is the last of its slice.
        unsafe {
            gemm(
                n,
                m,
                k,
                out.as_mut_ptr(),
                n as isize,
                1,
                false,
                left,
                b_row,
                b_col,
                right,
                a_row,
                a_col,
                0.0,
                1.0,
                false,
                false,
                false,
                threads,
            );
        }
    }
}

/// As many threads as the recorded product may use.
fn threads() -> Parallelism {
    match rayon::current_num_threads() {
        1 => Parallelism::None,
        many => Parallelism::Rayon(many),
    }
}

/// A sum that waits for nothing but memory: the vectors of the machine, and eight places read at once, since
/// one stream alone does not fill the machine's queues.
struct Read<'a>(&'a [f32]);

impl WithSimd for Read<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let (vectors, _) = S::as_simd_f32s(self.0);
        let part = vectors.len() / 8;
        let streams: [&[S::f32s]; 8] = std::array::from_fn(|i| &vectors[i * part..(i + 1) * part]);
        let mut sums = [simd.splat_f32s(0.0); 8];
        for at in 0..part {
            for (sum, stream) in sums.iter_mut().zip(streams) {
                *sum = simd.add_f32s(*sum, stream[at]);
            }
        }
        sums.into_iter().map(|sum| simd.reduce_sum_f32s(sum)).sum()
    }
}

fn product(group: &mut BenchmarkGroup<'_, WallTime>, operands: &Operands) -> Result<()> {
    let [m, k, n] = operands.size;
    let name = format!("gemm_{}_{m}x{k}x{n}", operands.layout.name());
    let one_row = m == 1;
    group.throughput(if one_row {
        Throughput::Bytes(4 * (k * n + k + n) as u64)
    } else {
        Throughput::Elements(2 * (m * k * n) as u64)
    });

    let tape = Tape::new();
    let y = operands.layout.product(tape.constant(&operands.a)?, tape.constant(&operands.b)?)?;
    let (mut out, threads) = (vec![0.0; m * n], threads());
    operands.by_crate(&mut out, threads);
    let worst = y.value()?.iter().zip(&out).map(|(y, out)| (y - out).abs()).fold(0.0, f32::max);
    assert!(worst <= 1e-2, "{name}: {worst} away from the crate");

    group.bench_function(&name, |bench| bench.iter(|| tape.replay()));
    group.bench_function(BenchmarkId::new(&name, "crate"), |bench| {
        bench.iter(|| operands.by_crate(black_box(&mut out), threads));
    });
    if one_row {
        let values = operands.b.as_slice().expect("row by row");
        group.throughput(Throughput::Bytes(4 * (k * n) as u64));
        group.bench_function(BenchmarkId::new(&name, "read"), |bench| {
            bench.iter(|| Arch::new().dispatch(Read(black_box(values))))
        });
    }
    Ok(())
}

fn run(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("gemm");
    group.measurement_time(Duration::from_millis(600)).sample_size(20).nresamples(2000);
    group.warm_up_time(Duration::from_millis(200));
    for size in SIZES {
        for layout in [Layout::Nn, Layout::Nt, Layout::Tn] {
            product(&mut group, &Operands::new(size, layout)).expect("a product of these sizes");
        }
    }
    group.finish();
}

criterion_group!(benches, run);
criterion_main!(benches);
