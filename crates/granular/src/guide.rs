//! From a table of your own to coherent intervals: a guide in the field's terms.
//!
//! Every block below runs as a test, on `docs/sales.csv` of this crate: four shops in two
//! countries, 48 quarters. A **hierarchy** says which series add up to which; **base forecasts** are made for each of its
//! nodes and do not agree; **reconciling** makes them **coherent**.
//!
//! | step | in short |
//! | --- | --- |
//! | [1](#1-the-table) | `Table::read` |
//! | [2](#2-the-hierarchy) | `Hierarchy::grouped`, `temporal` |
//! | [3](#3-base-forecasts) | models behind `Model`, or forecasts made elsewhere |
//! | [4](#4-which-method) | `Combine`, `Method`, past errors |
//! | [5](#5-how-good-is-it) | `RollingOrigins::evaluate`, `Scores` |
//! | [6](#6-why) | `Reconciler::explain` |
//! | [7](#7-how-sure-is-it) | `calibrate`, `predict_region`; samples, Gaussians |
//! | [8](#8-out) | CSV, pictures |
//! | [9](#9-networks-trained-for-what-is-published) | `Projection`, `Projector` |
//!
//! # 1. The table
//!
//! A wide table: key columns that say where a series belongs, and one column for each time. An empty field, text in place
//! of a number or a row that is too short is an error that names row and column.
//!
//! ```
//! use std::fs::File;
//! use granular::Table;
//!
//! let table = Table::read(File::open("docs/sales.csv").expect("it is there"), &["country", "shop"])?;
//! assert_eq!(table.values().dim(), (4, 48));
//! assert_eq!(table.key("shop")?, ["Graz", "Linz", "Bern", "Basel"]);
//! assert_eq!(table.columns()[0], "2013Q1");
//! # Ok::<(), granular::Error>(())
//! ```
//!
//! # 2. The hierarchy
//!
//! Levels are named sets of key columns, coarse ones first; they may nest, as here, or cross (state × purpose). The last
//! one tells all rows apart: its nodes are the *finest units*, b. All nodes stacked are `y = S b`.
//! [`Hierarchy::temporal`](crate::Hierarchy::temporal) makes levels of windows of time instead.
//!
//! ```
//! # use std::fs::File;
//! # use granular::Table;
//! use granular::Hierarchy;
//!
//! # let table = Table::read(File::open("docs/sales.csv").expect("it is there"), &["country", "shop"])?;
//! let sales = Hierarchy::grouped()
//!     .key("country", table.key("country")?)
//!     .key("shop", table.key("shop")?)
//!     .level("Total", &[])
//!     .level("Country", &["country"])
//!     .level("Shop", &["country", "shop"])
//!     .build()?;
//! assert_eq!(sales.nodes(), ["Total", "AT", "CH", "AT/Graz", "AT/Linz", "CH/Bern", "CH/Basel"]);
//!
//! // The data of every node: they add up, and their type says so.
//! let data: granular::Coherent = sales.integrate(table.values())?;
//! assert_eq!(data.gaps(), [0.0, 0.0, 0.0]);
//! # Ok::<(), granular::Error>(())
//! ```
//!
//! # 3. Base forecasts
//!
//! From anywhere: an array n × h with a row for each node. Rows that come with names in another order are put right by
//! [`Hierarchy::arrange`](crate::Hierarchy::arrange). Or from models: one for each level, anything that implements
//! [`Model`](crate::Model). Here a ridge regression on each level's last eight quarters forecasts the next four; fitting
//! takes the history of the finest units and makes each level's itself.
//!
//! ```
//! # use std::fs::File;
//! # use granular::{Hierarchy, Table};
//! use granular::ndarray::Array2;
//! use granular::{Autoregression, Method, MultiGranularityModel, Ridge, coherence_gap};
//!
//! # let table = Table::read(File::open("docs/sales.csv").expect("it is there"), &["country", "shop"])?;
//! # let sales = Hierarchy::grouped()
//! #     .key("country", table.key("country")?).key("shop", table.key("shop")?)
//! #     .level("Total", &[]).level("Country", &["country"]).level("Shop", &["country", "shop"]).build()?;
//! let forecaster = Autoregression::new(Ridge::new(1.0)?, Default::default())?;
//! let model = MultiGranularityModel::new(&sales, Method::Ols)?;
//! let mut model = model.with_models_for_all(|_| forecaster.clone());
//! let nothing_after = Array2::zeros((4, 0));
//! model.fit(table.values(), nothing_after.view())?;
//!
//! let base = model.base(table.values())?;
//! assert_eq!(base.dim(), (7, 4));
//! assert!(coherence_gap(&sales, base.view())?[0] > 0.1, "they do not add up");
//! let agreed = model.predict(table.values())?;
//! assert_eq!(agreed.gaps(), [0.0, 0.0, 0.0]);
//! # Ok::<(), granular::Error>(())
//! ```
//!
//! # 4. Which method
//!
//! A projection moves each node as its variance in W allows. What is known of past errors decides:
//!
//! | you have | take | why |
//! | --- | --- | --- |
//! | forecasts alone | `Method::WlsStruct` | variances by the number of units below |
//! | some tens of past errors of each node | `WlsVar` | variances as measured; robust |
//! | the same, errors of nodes hang together | `MintShrink` | the whole covariance, as far as it can be trusted |
//! | past errors of many more columns than nodes | `MintCov` | without the shrinkage |
//! | biased base forecasts and a long past | `Erm` | learns a map; may leave coherent forecasts no longer alone |
//! | good forecasts of one level only | `TopDown`, `MiddleOut`, `BottomUp` | it decides alone |
//!
//! A [`Combine`](crate::Combine) has a model find its own past errors when it is fitted;
//! [`weigh`](crate::MultiGranularityModel::weigh) does so on data the models have not seen.
//! [`Reconciler::preparation`](crate::Reconciler::preparation) reports what had to be mended.
//!
//! ```
//! # use std::fs::File;
//! # use granular::{Autoregression, Hierarchy, MultiGranularityModel, Ridge, Table};
//! # use granular::ndarray::Array2;
//! use granular::{Combine, Method, Reconciler};
//!
//! # let table = Table::read(File::open("docs/sales.csv").expect("it is there"), &["country", "shop"])?;
//! # let sales = Hierarchy::grouped()
//! #     .key("country", table.key("country")?).key("shop", table.key("shop")?)
//! #     .level("Total", &[]).level("Country", &["country"]).level("Shop", &["country", "shop"]).build()?;
//! # let forecaster = Autoregression::new(Ridge::new(1.0)?, Default::default())?;
//! let model = MultiGranularityModel::new(&sales, Combine::MintShrink)?;
//! let mut model = model.with_models_for_all(|_| forecaster.clone());
//! # let nothing_after = Array2::zeros((4, 0));
//! model.fit(table.values(), nothing_after.view())?;
//! let report = model.reconciler()?.preparation();
//! assert!(report.is_clean() && report.shrinkage.is_some(), "{report}");
//!
//! // The same by hand, with residuals of one's own (n × T) and base forecasts from anywhere:
//! let residuals = Array2::from_shape_fn((7, 30), |(node, t)| ((node * 7 + t * t) % 11) as f64 - 5.0);
//! let reconciler = Reconciler::new(&sales, Method::MintShrink(residuals))?;
//! let agreed = reconciler.reconcile(model.base(table.values())?.view())?;
//! assert_eq!(agreed.gaps(), [0.0, 0.0, 0.0]);
//! # Ok::<(), granular::Error>(())
//! ```
//!
//! # 5. How good is it
//!
//! On quarters it has not seen, again and again: at every **rolling origin** the models are fitted to the quarters before
//! it and scored on the four after it. [`Evaluation::add_comparisons`](crate::Evaluation::add_comparisons) puts base,
//! bottom-up and seasonal naive forecasts beside it. MASE is the error over what the seasonal naive forecast missed in the
//! training part: below 1 is better.
//!
//! ```
//! # use std::fs::File;
//! # use granular::{Autoregression, Hierarchy, MultiGranularityModel, Ridge, Table};
//! # use granular::ndarray::Array2;
//! use granular::{Combine, Metric, RollingOrigins};
//!
//! # let table = Table::read(File::open("docs/sales.csv").expect("it is there"), &["country", "shop"])?;
//! # let sales = Hierarchy::grouped()
//! #     .key("country", table.key("country")?).key("shop", table.key("shop")?)
//! #     .level("Total", &[]).level("Country", &["country"]).level("Shop", &["country", "shop"]).build()?;
//! # let forecaster = Autoregression::new(Ridge::new(1.0)?, Default::default())?;
//! # let model = MultiGranularityModel::new(&sales, Combine::WlsVar)?;
//! # let mut model = model.with_models_for_all(|_| forecaster.clone());
//! # let nothing_after = Array2::zeros((4, 0));
//! let data = sales.integrate(table.values())?;
//! let rolling = RollingOrigins { first: 28, step: 2, horizon: 4, ..Default::default() };
//! let scores = rolling.evaluate(&data, 4, |training, evaluation| {
//!     model.fit(training.finest(), nothing_after.view())?;
//!     evaluation.add_comparisons(training, 4, model.base(training.finest())?.view())?;
//!     evaluation.add("reconciled", model.predict(training.finest())?.all())
//! })?;
//! assert_eq!(scores.origins(), 9);
//! println!("{scores}");
//! let mase = |forecast| scores.overall(forecast, Metric::Mase);
//! assert!(mase("reconciled")? < mase("seasonal naive")?);
//! // Step by step: further is harder.
//! let steps = scores.overall_steps("reconciled", Metric::Mae)?;
//! assert_eq!(steps.len(), 4);
//! # Ok::<(), granular::Error>(())
//! ```
//!
//! # 6. Why
//!
//! For a linear method every reconciled value is a sum of what each level contributes:
//! [`Reconciler::explain`](crate::Reconciler::explain) says by how much nodes moved, and whose forecasts a value is made of,
//! down to single base forecasts.
//!
//! ```
//! # use std::fs::File;
//! # use granular::{Autoregression, Hierarchy, MultiGranularityModel, Ridge, Table};
//! # use granular::ndarray::Array2;
//! use granular::Combine;
//!
//! # let table = Table::read(File::open("docs/sales.csv").expect("it is there"), &["country", "shop"])?;
//! # let sales = Hierarchy::grouped()
//! #     .key("country", table.key("country")?).key("shop", table.key("shop")?)
//! #     .level("Total", &[]).level("Country", &["country"]).level("Shop", &["country", "shop"]).build()?;
//! # let forecaster = Autoregression::new(Ridge::new(1.0)?, Default::default())?;
//! # let model = MultiGranularityModel::new(&sales, Combine::WlsVar)?;
//! # let mut model = model.with_models_for_all(|_| forecaster.clone());
//! # model.fit(table.values(), Array2::zeros((4, 0)).view())?;
//! let base = model.base(table.values())?;
//! let explanation = model.reconciler()?.explain(base.view())?;
//! println!("{explanation}\n{}", explanation.node("CH")?);
//! // What the levels contribute to CH is CH.
//! let ch = sales.node("CH")?;
//! let mut sum = 0.0;
//! for level in sales.levels() {
//!     sum += explanation.contribution(level.name())?[[ch, 0]];
//! }
//! assert!((sum - explanation.reconciled().all()[[ch, 0]]).abs() < 1e-9);
//! # Ok::<(), granular::Error>(())
//! ```
//!
//! # 7. How sure is it
//!
//! [`Conformal`](crate::Conformal) regions make no assumption on the distribution: they come from the errors of the
//! *reconciled* forecasts on quarters the models have not seen. The [`Scope`](crate::Scope) says what is inside with the
//! promised probability: each node by itself, all of a level, or all nodes at once. Whole distributions are reconciled by
//! [`Gaussian`](crate::Gaussian) and [`Samples`](crate::Samples).
//!
//! ```
//! # use std::fs::File;
//! # use granular::{Autoregression, Hierarchy, MultiGranularityModel, Ridge, Table};
//! # use granular::ndarray::{Array2, Axis, Slice};
//! use granular::{Combine, ConformalConfig, RollingOrigins, Scope};
//!
//! # let table = Table::read(File::open("docs/sales.csv").expect("it is there"), &["country", "shop"])?;
//! # let sales = Hierarchy::grouped()
//! #     .key("country", table.key("country")?).key("shop", table.key("shop")?)
//! #     .level("Total", &[]).level("Country", &["country"]).level("Shop", &["country", "shop"]).build()?;
//! # let forecaster = Autoregression::new(Ridge::new(1.0)?, Default::default())?;
//! # let model = MultiGranularityModel::new(&sales, Combine::WlsVar)?;
//! # let mut model = model.with_models_for_all(|_| forecaster.clone());
//! # let nothing_after = Array2::zeros((4, 0));
//! // Fitted to the first 24 quarters, calibrated on those after them.
//! let early = table.values().slice_axis_move(Axis(1), Slice::from(..24));
//! model.fit(early, nothing_after.view())?;
//! let rolling = RollingOrigins { first: 24, horizon: 4, ..Default::default() };
//! let occasions = rolling.over(table.values())?.map(|origin| (origin.training, origin.test));
//! let config = ConformalConfig { alpha: 0.2, scope: Scope::Joint, ..Default::default() };
//! model.calibrate(occasions, &config)?;
//!
//! let (forecast, region) = model.predict_region(table.values())?;
//! assert_eq!(region.lower.dim(), (7, 4));
//! assert!(region.contains(forecast.all())?.iter().all(|&inside| inside));
//! # Ok::<(), granular::Error>(())
//! ```
//!
//! Whole paths come from a [`Bootstrap`](crate::Bootstrap) of past errors, here those the model has learnt from. Errors of
//! one step are too narrow for later ones; errors of each step, from [`weigh`](crate::MultiGranularityModel::weigh), are
//! not.
//!
//! ```
//! # use std::fs::File;
//! # use granular::{Autoregression, Combine, Hierarchy, MultiGranularityModel, Ridge, Table};
//! # use granular::ndarray::Array2;
//! use granular::{Bootstrap, BootstrapConfig, Samples};
//! use rand::SeedableRng;
//! use rand::rngs::ChaCha8Rng;
//!
//! # let table = Table::read(File::open("docs/sales.csv").expect("it is there"), &["country", "shop"])?;
//! # let sales = Hierarchy::grouped()
//! #     .key("country", table.key("country")?).key("shop", table.key("shop")?)
//! #     .level("Total", &[]).level("Country", &["country"]).level("Shop", &["country", "shop"]).build()?;
//! # let forecaster = Autoregression::new(Ridge::new(1.0)?, Default::default())?;
//! # let model = MultiGranularityModel::new(&sales, Combine::WlsVar)?;
//! # let mut model = model.with_models_for_all(|_| forecaster.clone());
//! # model.fit(table.values(), Array2::zeros((4, 0)).view())?;
//! let config = BootstrapConfig { samples: 200, ..Default::default() };
//! let bootstrap = Bootstrap::new(model.past()?.residuals(), config)?;
//! let paths = bootstrap.paths(model.base(table.values())?.view(), &mut ChaCha8Rng::seed_from_u64(1))?;
//! let samples = Samples::reconcile(model.reconciler()?, paths.view())?;
//! let quantiles = samples.quantiles(&[0.1, 0.9])?;
//! assert_eq!(quantiles.dim(), (7, 4, 2));
//! assert_eq!(samples.sample(0).gaps(), [0.0, 0.0, 0.0], "every path adds up");
//! # Ok::<(), granular::Error>(())
//! ```
//!
//! # 8. Out
//!
//! Files are written beside their name and then renamed: a reader sees the old one or the new one.
//!
//! ```
//! # use granular::{Hierarchy, Region};
//! # use granular::ndarray::array;
//! # let folder = std::env::temp_dir().join(format!("granular-guide-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder).expect("a folder for a test");
//! # let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
//! # let forecast = year.integrate(array![[4.0], [5.0]].view())?;
//! # let region = Region { lower: array![[8.0], [3.0], [4.5]], upper: array![[11.0], [6.0], [5.5]] };
//! let path = folder.join("forecast.csv");
//! forecast.save_csv_with(&region, &path)?;
//! assert_eq!(
//!     std::fs::read_to_string(&path).expect("it was written"),
//!     "level,node,h1_lower,h1,h1_upper\nyear,year[0],8,9,11\nhalf,half[0],3,4,6\nhalf,half[1],4.5,5,5.5\n"
//! );
//! # std::fs::remove_dir_all(&folder).expect("it was made above");
//! # Ok::<(), granular::Error>(())
//! ```
//!
//! Tables of scores have [`Scores::save_csv`](crate::Scores::save_csv). With the feature `plot`, `Picture` draws the
//! history, the forecasts and the region of a node or a level's mean as SVG, and `Picture::save_levels` one file for each
//! level.
//!
//! # 9. Networks trained for what is published
//!
//! The models of step 3 are fitted to their own errors and reconciled afterwards. A network can be trained *through* the
//! projection instead: [`Projection`](crate::Projection) is its last layer, the loss is that of forecasts which agree, and
//! how far each level is trusted can be learnt with the weights. [`Projector`](crate::Projector) is the same as an op of
//! a tape, for models of your own; `examples/train_through.rs` measures what it brings on 425 series.
//!
//! ```
//! # use std::fs::File;
//! # use granular::{Hierarchy, Table};
//! use granular::Projection;
//! use granular::ndarray::{Array2, array};
//! use nn::{Adam, Init, Linear, Module, Optimizer, Pass, Sequential, mse};
//! use rand::{SeedableRng, rngs::ChaCha8Rng};
//! use tensor::Tape;
//!
//! # let table = Table::read(File::open("docs/sales.csv").expect("it is there"), &["country", "shop"])?;
//! # let sales = Hierarchy::grouped()
//! #     .key("country", table.key("country")?).key("shop", table.key("shop")?)
//! #     .level("Total", &[]).level("Country", &["country"]).level("Shop", &["country", "shop"]).build()?;
//! // From four quarters of all seven nodes the next one, in a unit common to all: what adds up still does.
//! let data = sales.integrate(table.values())?.into_inner();
//! let unit = data.row(0).sum() / 48.0;
//! let past = Array2::from_shape_fn((44, 28), |(t, i)| data[[i / 4, t + i % 4]] / unit);
//! let next = Array2::from_shape_fn((44, 7), |(t, node)| data[[node, t + 4]] / unit);
//!
//! let rng = &mut ChaCha8Rng::seed_from_u64(0);
//! let mut net = Sequential::<f64>::new()
//!     .with(Linear::new(28, 7, Init::XavierUniform, rng)?)
//!     .with(Projection::by_level(&sales, array![4.0, 2.0, 1.0].view())?);
//! let (mut adam, mut tape, mut losses) = (Adam::new(0.01)?, Tape::new(), Vec::new());
//! for _ in 0..100 {
//!     let forecast = net.forward(tape.constant(&past)?, &mut Pass::train(rng))?;
//!     let loss = mse(forecast, tape.constant(&next)?)?;
//!     losses.push(loss.item()?);
//!     adam.step(&mut net, &tape.backward(loss)?)?;
//!     tape.reset();
//! }
//! assert!(losses[99] < 0.1 * losses[0]);
//! let forecast = net.predict(&past)?;
//! assert_eq!(forecast[[0, 0]], forecast[[0, 3]] + forecast[[0, 4]] + forecast[[0, 5]] + forecast[[0, 6]]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Where new errors keep coming, [`OnlineCovariance`](crate::OnlineCovariance) keeps W up to date, with older ones fading.
//!
//! # Further on
//!
//! | you have | look at |
//! | --- | --- |
//! | values that are known already, nodes without a forecast, bounds | [`Constraints`](crate::Constraints), [`predict_with`](crate::MultiGranularityModel::predict_with) |
//! | forecasts by quarter and by year | [`TemporalCovariance`](crate::TemporalCovariance), [`CrossTemporal`](crate::CrossTemporal) |
//! | several forecasts of the same nodes | [`Stacking`](crate::Stacking), [`Coherent::blend`](crate::Coherent::blend) |
//! | networks, to be trained for what comes out at the end | [`Projection`](crate::Projection) |
//! | errors that keep coming in | [`OnlineCovariance`](crate::OnlineCovariance) |
//! | a long signal, seen at every scale | [`Hierarchy::windows`](crate::Hierarchy::windows), [`Hierarchy::stream`](crate::Hierarchy::stream) |
