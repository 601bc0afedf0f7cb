//! Whatever comes in: a typed error, or a coherent and finite answer. Never a panic.

use granular::ndarray::{Array1, Array2};
use granular::{
    Autoregression, AutoregressionConfig, Evaluation, Features, Hierarchy, Method, MultiGranularityModel,
    Reconciler, Ridge, Table,
};
use proptest::prelude::*;

/// Few different texts, so that they clash.
fn text() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["", "/", "a", "b", "a/b", "Total", "ä", "k0"]).prop_map(str::to_owned)
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -10.0..10.0,
        1 => prop::sample::select(vec![
            0.0, -0.0, 1e308, -1e308, 1e-308, 5e-324, f64::NAN, f64::INFINITY, f64::NEG_INFINITY
        ]),
        1 => any::<f64>(),
    ]
}

fn matrix(rows: usize, columns: usize) -> impl Strategy<Value = Array2<f64>> {
    prop::collection::vec(number(), rows * columns)
        .prop_map(move |values| Array2::from_shape_vec((rows, columns), values).unwrap())
}

/// A hierarchy from keys, which mostly cannot be built.
fn grouped() -> impl Strategy<Value = granular::Result<Hierarchy>> {
    let key = (text(), prop::collection::vec(text(), 0..4));
    let level = (text(), prop::collection::vec(text(), 0..3));
    (prop::collection::vec(key, 0..4), prop::collection::vec(level, 0..4)).prop_map(|(keys, levels)| {
        let builder =
            keys.into_iter().fold(Hierarchy::grouped(), |builder, (key, values)| builder.key(&key, values));
        let builder = levels.into_iter().fold(builder, |builder, (level, keys)| {
            builder.level(&level, &keys.iter().map(String::as_str).collect::<Vec<_>>())
        });
        builder.build()
    })
}

fn ladder() -> impl Strategy<Value = granular::Result<Hierarchy>> {
    (0usize..9, prop::collection::vec((text(), 0usize..9), 0..4)).prop_map(|(units, levels)| {
        let levels: Vec<(&str, usize)> = levels.iter().map(|(name, order)| (name.as_str(), *order)).collect();
        Hierarchy::temporal(units, &levels)
    })
}

fn finite(values: &Array2<f64>) -> bool {
    values.iter().all(|value| value.is_finite())
}

proptest! {
    #![proptest_config(crate::support::seeded(500))]

    #[test]
    fn structures(built in prop_oneof![grouped(), ladder()], name in text()) {
        match built {
            Err(error) => prop_assert!(!error.to_string().is_empty()),
            Ok(h) => {
                prop_assert!(h.integrate(Array2::ones((h.finest_len(), 1)).view()).is_ok());
                let _ = (h.node(&name), h.level(&name), h.node_in(&name, &name));
            }
        }
    }

    #[test]
    fn numbers(base in matrix(7, 2), variances in prop::collection::vec(number(), 7), tolerance in number()) {
        let h = crate::support::seven_nodes();
        for method in [Method::BottomUp, Method::Ols, Method::WlsStruct, Method::Wls(Array1::from(variances))] {
            let Ok(reconciler) = Reconciler::new(&h, method) else { continue };
            if let Ok(agreed) = reconciler.reconcile(base.view()) {
                prop_assert_eq!(agreed.gaps(), [0.0; 3]);
                prop_assert!(finite(&agreed.into_inner()));
            }
        }
        if let Ok(agreed) = h.check(base.view(), tolerance) {
            prop_assert!(finite(&agreed.into_inner()));
        }
    }

    #[test]
    fn fitting(
        x in (0usize..6, 0usize..12).prop_flat_map(|(rows, columns)| matrix(rows, columns)),
        y in (0usize..6, 0usize..4).prop_flat_map(|(rows, columns)| matrix(rows, columns)),
        (lags, season, horizon) in (0usize..4, 0usize..4, 0usize..4),
        penalty in number(),
    ) {
        let Ok(ridge) = Ridge::new(penalty) else { return Ok(()) };
        let h = crate::support::seven_nodes();
        let mut plain = MultiGranularityModel::new(&h, Method::Ols).unwrap().with_models_for_all(|_| ridge);
        if plain.fit(x.view(), y.view()).is_ok() {
            prop_assert!(plain.base(x.view()).is_ok());
        }
        if let Ok(agreed) = plain.predict(x.view()) {
            prop_assert!(finite(&agreed.into_inner()));
        }
        let config = AutoregressionConfig { lags, season, horizon, features: Features::LagsAndSeason };
        let Ok(series) = Autoregression::new(ridge, config) else { return Ok(()) };
        let mut model = MultiGranularityModel::new(&h, Method::Ols).unwrap().with_models_for_all(|_| series.clone());
        if model.fit(x.view(), y.view()).is_ok() && let Ok(agreed) = model.predict(x.view()) {
            let mut evaluation = Evaluation::new(&agreed, &h.integrate(x.view()).unwrap(), season).unwrap();
            evaluation.add("itself", agreed.all()).unwrap();
            prop_assert!(evaluation.to_string().contains("itself"));
            prop_assert!(finite(&agreed.into_inner()));
        }
    }

    #[test]
    fn tables(lines in prop::collection::vec("[k,ab\"\n0-9.eNä-]{0,12}", 0..6), bytes in any::<Vec<u8>>()) {
        let texts = [lines.join("\n").into_bytes(), bytes, [b"k,a\n".to_vec(), lines.concat().into_bytes()].concat()];
        for text in texts {
            if let Ok(table) = Table::read(text.as_slice(), &["k"]) {
                prop_assert_eq!(table.values().dim(), (table.key("k").unwrap().len(), table.columns().len()));
            }
        }
    }
}
