//! Weights in safetensors files.

use crate::support::folder::Folder;
use crate::support::model::{bits, net};
use nn::{
    BatchNorm1d, BatchNormConfig, ErrorKind, Fields, Linear, LoadWeights, Module, Number, Pass, Relu, Result,
    Sequential, Unmatched, load_weights, save_weights, weights_to_bytes,
};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use tensor::ndarray::{Array1, arr0, arr1, arr2, array};
use tensor::{Element, Param, Tape};

/// The faults of a mismatch, under the name of the file or not.
fn faults(error: &nn::Error) -> &[String] {
    match error.kind() {
        ErrorKind::File { source, .. } => faults(source),
        ErrorKind::Mismatch { faults, .. } => faults,
        other => panic!("{other:?}"),
    }
}

/// A file of tensors, by the crate that defines the format.
fn file(tensors: &[(&str, Dtype, &[usize], &[u8])]) -> Vec<u8> {
    let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
        (*name, TensorView::new(*dtype, shape.to_vec(), bytes).expect("as many bytes as the shape says"))
    });
    safetensors::serialize(views, None).expect("a file")
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|x| x.to_le_bytes()).collect()
}

#[test]
fn every_bit_comes_back() -> Result<()> {
    let folder = Folder::new("every_bit_comes_back");
    let single = [0, 1, 1 << 31, 0x7fc0_0001, 0x7f80_0000, 0x3dcc_cccd].map(f32::from_bits);
    let double =
        [0, 1, 1 << 63, 0x7ff8_0000_0000_0001, 0x7ff0 << 48, 0x3fb9_9999_9999_999a].map(f64::from_bits);

    let (path, model) = (folder.file("single.safetensors"), Param::new(&arr1(&single))?);
    save_weights(&model, &path)?;
    let mut other = Param::new(&Array1::<f32>::zeros(6))?;
    load_weights(&mut other, &path)?;
    assert_eq!(other.values().iter().map(|x| x.to_bits()).collect::<Vec<_>>(), single.map(f32::to_bits));

    let (path, model) = (folder.file("double.safetensors"), Param::new(&arr1(&double))?);
    save_weights(&model, &path)?;
    let mut other = Param::new(&Array1::<f64>::zeros(6))?;
    load_weights(&mut other, &path)?;
    assert_eq!(other.values().iter().map(|x| x.to_bits()).collect::<Vec<_>>(), double.map(f64::to_bits));
    Ok(())
}

/// A model comes back whole, and a file of one type of number fills a model of the other.
fn a_model_comes_back<T: Number, U: Number>(folder: &Folder) -> Result<()> {
    let path = folder.file("model.safetensors");
    let model = net::<T>(1);
    save_weights(&model, &path)?;
    let mut same = net::<T>(2);
    load_weights(&mut same, &path)?;
    assert_eq!(bits(&same), bits(&model));

    let (mut loaded, mut copied) = (net::<U>(2), net::<U>(2));
    load_weights(&mut loaded, &path)?;
    copied.copy_from(&model)?;
    assert_eq!(bits(&loaded), bits(&copied));
    assert_eq!(folder.names(), ["model.safetensors"]);
    Ok(())
}

#[test]
fn models_come_back_in_either_type() -> Result<()> {
    let folder = Folder::new("models_come_back_in_either_type");
    a_model_comes_back::<f32, f64>(&folder)?;
    a_model_comes_back::<f64, f32>(&folder)
}

#[test]
fn files_have_the_layout_of_pytorch() -> Result<()> {
    let layer = Linear::from_arrays(&arr2(&[[1.0f32, 2.0], [3.0, 4.0], [5.0, 6.0]]), &arr1(&[7.0, 8.0]))?;
    let bytes = weights_to_bytes(&layer)?;
    let file = SafeTensors::deserialize(&bytes).expect("the crate of the format reads it");
    let weight = file.tensor("weight").expect("it is there");
    assert_eq!((weight.dtype(), weight.shape()), (Dtype::F32, &[2, 3][..]));
    assert_eq!(weight.data(), floats(&[1.0, 3.0, 5.0, 2.0, 4.0, 6.0]));
    assert_eq!(file.tensor("bias").expect("it is there").data(), floats(&[7.0, 8.0]));
    assert_eq!(file.len(), 2);
    assert_eq!(bytes, weights_to_bytes(&layer)?);
    Ok(())
}

#[derive(Clone)]
struct Run<T: Element> {
    input: Param<T>,
    output: Param<T>,
}

nn::fields!(Run: input, output);

fn pytorch_is_read<T: Number>() -> Result<()> {
    let path = |name: &str| format!("{}/tests/fixtures/{name}.safetensors", env!("CARGO_MANIFEST_DIR"));
    let linear = |inputs: usize, outputs: usize| {
        let (weight, bias) = ([inputs, outputs], Array1::from_elem(outputs, T::zero()));
        Linear::from_arrays(&tensor::ndarray::Array2::from_elem(weight, T::zero()), &bias)
    };
    let mut model = Sequential::new()
        .with(linear(4, 8)?)
        .with(BatchNorm1d::new(8, BatchNormConfig::default())?)
        .with(Relu)
        .with(linear(8, 3)?);
    load_weights(&mut model, path("torch_model"))?;
    let zeros = |shape: [usize; 2]| Param::new(&tensor::ndarray::Array2::from_elem(shape, T::zero()));
    let mut run = Run { input: zeros([5, 4])?, output: zeros([5, 3])? };
    load_weights(&mut run, path("torch_model_run"))?;

    let tape = Tape::new();
    let output = model.forward(tape.param(&run.input)?, &mut Pass::eval())?.value()?;
    for (got, want) in output.iter().zip(run.output.values()) {
        let (got, want) = (got.to_f64(), want.to_f64());
        assert!((got - want).abs() < 1e-5, "{got}, PyTorch has {want}");
    }
    let mut batches = None;
    model.each(&mut |path, field| {
        if path.to_string() == "1.num_batches_tracked" {
            batches = Some(field.param.values()[0].to_f64());
        }
    });
    assert_eq!(batches, Some(5.0));
    Ok(())
}

#[test]
fn a_model_that_pytorch_saved_gives_its_outputs() -> Result<()> {
    pytorch_is_read::<f32>()?;
    pytorch_is_read::<f64>()
}

fn d58<T: Number>(folder: &Folder) -> Result<()> {
    let path = folder.file("vector.safetensors");
    let numbers = |n: usize| Array1::from_iter((0..n).map(|i| T::from_f64(i as f64 + 1.0)));
    let (zero, scalar) = (T::zero(), arr0(T::zero()));
    save_weights(&vec![Param::new(&numbers(3))?, Param::new(&numbers(5))?], &path)?;

    // The first parameter fits.
    struct Pair<T: Element>(Param<T>, Param<T>);
    impl<T: Element> Fields<T> for Pair<T> {
        fn visit<'a>(&'a self, path: nn::Path<'_>, f: &mut nn::Visit<'_, 'a, T>) -> Result<()> {
            self.0.visit(path.index(0), f)?;
            self.1.visit(path.index(1), f)
        }
        fn visit_mut(&mut self, path: nn::Path<'_>, f: &mut nn::VisitMut<'_, T>) -> Result<()> {
            self.0.visit_mut(path.index(0), f)?;
            self.1.visit_mut(path.index(1), f)
        }
    }
    let mut model = Pair(Param::new(&Array1::from_elem(3, zero))?, Param::new(&scalar)?);
    let error = load_weights(&mut model, &path).expect_err("another shape");
    assert_eq!(faults(&error), ["`1`: expected shape [], got [5]"]);
    assert!(error.to_string().contains("vector.safetensors"), "{error}");
    assert_eq!((model.0.values(), model.1.values()), (&[zero; 3][..], &[zero][..]));

    // Nor is a scalar spread over a vector.
    save_weights(&Param::new(&arr0(T::one()))?, &path)?;
    let mut vector = Param::new(&Array1::from_elem(5, zero))?;
    let error = load_weights(&mut vector, &path).expect_err("another shape");
    assert_eq!(faults(&error), ["``: expected shape [5], got []"]);
    assert_eq!(vector.values(), [zero; 5]);
    Ok(())
}

#[test]
fn d58_weights_of_another_shape_are_refused() -> Result<()> {
    let folder = Folder::new("d58");
    d58::<f32>(&folder)?;
    d58::<f64>(&folder)
}

fn all_faults_are_listed<T: Number>() {
    let bytes = file(&[
        ("0.bias", Dtype::U8, &[4], &[0; 4]),
        ("0.weight", Dtype::F32, &[3, 4], &[0; 48]),
        ("1.bias", Dtype::F32, &[2], &floats(&[1.0, 2.0])),
        ("2.weight", Dtype::F32, &[1], &[0; 4]),
    ]);
    let mut model = net::<T>(1);
    let before = bits(&model);
    let error = LoadWeights::new().load_bytes(&mut model, &bytes).expect_err("four faults");
    let expected = [
        "`0.weight`: expected shape [4, 3], got [3, 4]",
        "`0.bias`: expected F16, BF16, F32, F64 or I64, got U8",
        "`1.weight` is missing",
        "`2.weight` is not a part of the model",
    ];
    assert_eq!(faults(&error), expected);
    assert_eq!(bits(&model), before);
}

#[test]
fn every_fault_is_listed_and_nothing_changed() {
    all_faults_are_listed::<f32>();
    all_faults_are_listed::<f64>();
}

#[test]
fn numbers_that_are_too_large_are_refused() -> Result<()> {
    let bytes = weights_to_bytes(&vec![Param::new(&arr1(&[1.0]))?, Param::new(&arr1(&[1.0, -1e39]))?])?;
    let mut model = vec![Param::new(&arr1(&[0.0f32]))?, Param::new(&arr1(&[0.0; 2]))?];
    let error = LoadWeights::new().load_bytes(&mut model, &bytes).unwrap_err();
    assert_eq!(faults(&error), ["`1`: expected numbers within F32, got -1e39"]);
    assert_eq!(model[0].values(), [0.0]);
    Ok(())
}

#[test]
fn other_types_of_numbers_are_read() -> Result<()> {
    let bytes = file(&[
        ("0", Dtype::F16, &[2], &[0x00, 0x3c, 0x00, 0xc0]),
        ("1", Dtype::BF16, &[2], &[0x80, 0x3f, 0x20, 0xc0]),
        ("2", Dtype::I64, &[1], &i64::to_le_bytes(12)),
        ("3", Dtype::F64, &[1], &f64::to_le_bytes(0.1)),
    ]);
    fn read<T: Number>(bytes: &[u8]) -> Result<Vec<Vec<T>>> {
        let zeros = |n| Param::new(&Array1::from_elem(n, T::zero()));
        let mut model = vec![zeros(2)?, zeros(2)?, zeros(1)?, zeros(1)?];
        LoadWeights::new().load_bytes(&mut model, bytes)?;
        Ok(model.iter().map(|param| param.values().to_vec()).collect())
    }
    assert_eq!(read::<f32>(&bytes)?, [vec![1.0, -2.0], vec![1.0, -2.5], vec![12.0], vec![0.1]]);
    assert_eq!(read::<f64>(&bytes)?, [vec![1.0, -2.0], vec![1.0, -2.5], vec![12.0], vec![0.1]]);
    Ok(())
}

#[test]
fn names_are_matched_as_told() -> Result<()> {
    let bytes = file(&[
        ("model.0.weight", Dtype::F32, &[1, 1], &floats(&[2.0])),
        ("model.0.bias", Dtype::F32, &[1], &floats(&[3.0])),
        ("model.0.old", Dtype::F32, &[1], &floats(&[4.0])),
        ("teacher.0.bias", Dtype::F32, &[1], &floats(&[5.0])),
    ]);
    let new = || Linear::from_arrays(&arr2(&[[0.0f32]]), &arr1(&[0.0]));
    let mut layer = new()?;
    let load = LoadWeights::new().prefix("model.0.").optional(|name| name == "old");
    let unmatched = load.load_bytes(&mut layer, &bytes)?;
    assert_eq!(unmatched, Unmatched { missing: vec![], unexpected: vec!["old".into()] });
    assert_eq!((layer.weight.values(), bias(&layer)), (&[2.0][..], &[3.0][..]));

    // What the model has more of stays.
    let mut pair = vec![new()?, new()?];
    pair[1].bias.as_mut().expect("a bias").values_mut()?[0] = 9.0;
    let load = LoadWeights::new().prefix("model.").optional(|name| name.starts_with("1.") || name == "0.old");
    let unmatched = load.load_bytes(&mut pair, &bytes)?;
    assert_eq!(unmatched.missing, ["1.weight", "1.bias"]);
    assert_eq!((bias(&pair[0]), bias(&pair[1])), (&[3.0][..], &[9.0][..]));

    let mut layer = new()?;
    let load = LoadWeights::new().rename(|name| name.contains("0.").then(|| name[name.len() - 4..].into()));
    let error = load.load_bytes(&mut layer, &bytes).unwrap_err();
    let both = "`model.0.bias` and `teacher.0.bias` are both read as `bias`";
    assert_eq!(
        faults(&error),
        [
            both,
            "`weight` is missing",
            "`.old` is not a part of the model",
            "`ight` is not a part of the model"
        ]
    );
    Ok(())
}

#[test]
fn a_model_on_a_tape_is_left_alone() -> Result<()> {
    let bytes = weights_to_bytes(&net::<f32>(1))?;
    let mut model = net::<f32>(2);
    let before = bits(&model);
    let tape = Tape::new();
    model.forward(tape.constant(&array![[1.0, 2.0, 3.0]])?, &mut Pass::eval())?;
    let error = LoadWeights::new().load_bytes(&mut model, &bytes).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Parameter { name, .. } if name == "0.weight"), "{error}");
    drop(tape);
    assert_eq!(bits(&model), before);
    LoadWeights::new().load_bytes(&mut model, &bytes)?;
    assert_eq!(bits(&model), bits(&net::<f32>(1)));
    Ok(())
}

/// Two fields of one name, or of a name that a file has no room for.
struct Odd(Param<f32>, &'static [&'static str]);

impl Fields<f32> for Odd {
    fn visit<'a>(&'a self, path: nn::Path<'_>, f: &mut nn::Visit<'_, 'a, f32>) -> Result<()> {
        self.1.iter().try_for_each(|name| self.0.visit(path.field(name), f))
    }
    fn visit_mut(&mut self, path: nn::Path<'_>, f: &mut nn::VisitMut<'_, f32>) -> Result<()> {
        self.1.iter().try_for_each(|name| self.0.visit_mut(path.field(name), f))
    }
}

#[test]
fn names_that_a_file_cannot_hold_are_refused() -> Result<()> {
    let odd = |names| Ok::<_, nn::Error>(Odd(Param::new(&arr1(&[1.0]))?, names));
    let error = weights_to_bytes(&odd(&["a", "b", "a", "c/d", "__metadata__"])?).unwrap_err();
    let expected = [
        "`a` names two of its fields",
        "`c/d` is not a name that a file can hold",
        "`__metadata__` is not a name that a file can hold",
    ];
    assert_eq!(faults(&error), expected);
    let bytes = weights_to_bytes(&odd(&["a"])?)?;
    let error = LoadWeights::new().load_bytes(&mut odd(&["a", "a"])?, &bytes).unwrap_err();
    assert_eq!(faults(&error), ["`a` names two of its fields"]);
    Ok(())
}

/// The numbers of a layer's bias.
fn bias(layer: &Linear<f32>) -> &[f32] {
    layer.bias.as_ref().map_or(&[], |bias| bias.values())
}
