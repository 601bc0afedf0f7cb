//! What PyTorch computes, from the files that the scripts in `scripts/torch_fixture` wrote.

use nn::{Field, Fields, Layout, Module, Pass, Path, Role};
use rand::{SeedableRng, rngs::ChaCha8Rng};
use safetensors::SafeTensors;
use tensor::ndarray::{ArrayD, ArrayViewD, IxDyn};
use tensor::{Tape, Var};

/// A file of cases; a tensor's name is `case.what`.
pub(crate) struct Fixture {
    bytes: Vec<u8>,
}

impl Fixture {
    /// `tests/fixtures/NAME.safetensors`
    pub(crate) fn open(name: &str) -> Self {
        let path = format!("{}/tests/fixtures/{name}.safetensors", env!("CARGO_MANIFEST_DIR"));
        Self { bytes: std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}")) }
    }

    /// A tensor of numbers, if it is there.
    pub(crate) fn find(&self, name: &str) -> Option<ArrayD<f64>> {
        let file = SafeTensors::deserialize(&self.bytes).expect("a fixture is a safetensors file");
        let tensor = file.tensor(name).ok()?;
        let numbers = |width: usize, read: fn(&[u8]) -> f64| tensor.data().chunks(width).map(read).collect();
        let values: Vec<f64> = match tensor.dtype() {
            safetensors::Dtype::F64 => numbers(8, |b| f64::from_le_bytes(b.try_into().expect("8 bytes"))),
            safetensors::Dtype::I64 => {
                numbers(8, |b| i64::from_le_bytes(b.try_into().expect("8 bytes")) as f64)
            }
            other => panic!("{name}: {other:?} in a fixture"),
        };
        Some(ArrayD::from_shape_vec(IxDyn(tensor.shape()), values).expect("as many as the shape says"))
    }

    /// A tensor of numbers.
    pub(crate) fn get(&self, name: &str) -> ArrayD<f64> {
        self.find(name).unwrap_or_else(|| panic!("{name} is not in the fixture"))
    }

    /// Whole numbers.
    pub(crate) fn indices(&self, name: &str) -> ArrayD<usize> {
        self.get(name).mapv(|x| x as usize)
    }

    /// The names of all cases.
    #[expect(dead_code, reason = "for suites that list what they check")]
    pub(crate) fn cases(&self) -> Vec<String> {
        let file = SafeTensors::deserialize(&self.bytes).expect("a fixture is a safetensors file");
        let mut cases: Vec<String> =
            file.names().into_iter().filter_map(|name| Some(name.split_once('.')?.0.to_owned())).collect();
        cases.sort();
        cases.dedup();
        cases
    }

    /// Gives a model the parameters and buffers `CASE.state.NAME`.
    pub(crate) fn load(&self, case: &str, model: &mut dyn Fields<f64>) {
        let loaded = model.visit_mut(Path::ROOT, &mut |path, field| {
            let values = in_memory(self.get(&format!("{case}.state.{path}")), field.layout);
            assert_eq!(values.shape(), &field.param.shape()[..], "{case}: {path}");
            let to = field.param.values_mut().expect("no tape holds it");
            to.iter_mut().zip(&values).for_each(|(to, &x)| *to = x);
            Ok(())
        });
        loaded.expect("the closure accepts every field");
    }

    /// Compares a module of one input with PyTorch's: output, gradients of the input and of every parameter,
    /// and buffers afterwards, each to 1e-9.
    pub(crate) fn check(&self, case: &str, module: &mut (impl Module<f64> + 'static)) {
        let module: &mut dyn Module<f64> = module;
        self.load(case, module);
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let mut pass =
            if self.find(&format!("{case}.train")).is_some() { Pass::train(&mut rng) } else { Pass::eval() };
        let tape = Tape::new();
        let x = tape.var(&self.get(&format!("{case}.input"))).expect("an input");
        let y = module.forward(x, &mut pass).unwrap_or_else(|error| panic!("{case}: {error}"));
        self.check_output(case, module, x, y);
        drop(tape);
        pass.commit(&mut *module).expect("no tape holds the buffers");
        module.each(&mut |path, field| {
            if field.role == Role::Buffer {
                let name = format!("{case}.after.{path}");
                close(&name, stored(field).view(), &self.get(&name));
            }
        });
    }

    /// Compares an output with PyTorch's, and the gradients of `input` and every parameter.
    pub(crate) fn check_output<'t>(
        &self,
        case: &str,
        model: &dyn Fields<f64>,
        input: Var<'t, f64>,
        output: Var<'t, f64>,
    ) {
        let name = |what: &str| format!("{case}.{what}");
        close(&name("output"), output.value().expect("a value").view(), &self.get(&name("output")));
        let tape = output.tape();
        let weights = tape.constant(&self.get(&name("weights"))).expect("weights");
        let loss = output.mul(weights).and_then(Var::sum).expect("a weighted sum");
        let gradients = tape.backward(loss).expect("gradients");
        if let Some(want) = self.find(&name("grad.input")) {
            close(&name("grad.input"), gradients.wrt(input).expect("a gradient").view(), &want);
        }
        model.each(&mut |path, field| {
            if field.role == Role::Weight {
                let name = format!("{case}.grad.{path}");
                let got =
                    gradients.param(field.param).map_or(vec![0.0; field.shape().size()], <[f64]>::to_vec);
                let got = ArrayD::from_shape_vec(IxDyn(field.shape()), got).expect("a gradient's shape");
                close(&name, in_memory(got, field.layout).view(), &self.get(&name));
            }
        });
    }
}

/// Exchanges the axes of what lies transposed in files; either way.
fn in_memory(values: ArrayD<f64>, layout: Layout) -> ArrayD<f64> {
    match layout {
        Layout::Same => values,
        Layout::Transposed => values.reversed_axes(),
    }
}

/// A field's values as a file has them.
fn stored(field: Field<'_, f64>) -> ArrayD<f64> {
    in_memory(field.view().to_owned(), field.layout)
}

/// Every element to 1e-9, relative where it is larger than 1.
pub(crate) fn close(name: &str, got: ArrayViewD<'_, f64>, want: &ArrayD<f64>) {
    assert_eq!(got.shape(), want.shape(), "{name}");
    for ((at, got), want) in got.indexed_iter().zip(want) {
        let far = (got - want).abs() > 1e-9 * want.abs().max(1.0);
        assert!(!far && got.is_nan() == want.is_nan(), "{name}: {got} at {at:?}, PyTorch has {want}");
    }
}
