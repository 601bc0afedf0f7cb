//! Pictures: what is in them, and what is refused.

use granular::ndarray::{Array2, array};
use granular::{
    Conformal, ConformalConfig, Evaluation, Hierarchy, Method, Picture, Reconciler, Region, Subject,
};

use crate::support::seven_nodes;
use crate::tourism::{Tourism, tourism};

fn svg(picture: &Picture<'_>, subject: Subject<'_>) -> String {
    let mut svg = Vec::new();
    picture.write_svg(subject, &mut svg).unwrap();
    String::from_utf8(svg).unwrap()
}

#[test]
fn every_part_is_in_the_picture() {
    let h = seven_nodes();
    let history = h.integrate(Array2::from_shape_fn((4, 12), |(i, t)| (i + t % 4) as f64).view()).unwrap();
    let actual = h.integrate(Array2::ones((4, 2)).view()).unwrap();
    let base = Array2::from_elem((7, 2), 3.0);
    let region = Region { lower: Array2::zeros((7, 2)), upper: Array2::from_elem((7, 2), 9.0) };
    let picture = Picture::new(&history);
    let bare = svg(&picture, Subject::Node("T"));
    let picture = picture.actual(&actual).unwrap();
    let picture = picture.forecast("base & co", base.view()).unwrap().region("90 % region", &region).unwrap();
    let full = svg(&picture, Subject::LevelMean("Half"));
    assert!(
        full.contains("Half, mean of the nodes")
            && full.contains("base &amp; co")
            && full.contains("90 % region")
    );
    assert_eq!(full.matches("<polygon").count(), 1);
    assert!(!bare.contains("<polygon"));
    assert_eq!(
        full.matches("#D55E00").count(),
        2,
        "the first forecast: its line, and its sample in the legend"
    );
    assert!(!bare.contains("#D55E00"));
    assert_eq!(full, svg(&picture, Subject::LevelMean("Half")), "the same bytes");
    assert_ne!(full, svg(&picture.clone().last(4), Subject::LevelMean("Half")));
}

#[test]
fn refusals() {
    let h = seven_nodes();
    let history = h.integrate(Array2::zeros((4, 3)).view()).unwrap();
    let picture = Picture::new(&history);
    let message = |result: granular::Result<Picture<'_>>| result.unwrap_err().to_string();
    let bad = Array2::zeros((6, 1));
    assert_eq!(
        message(picture.clone().forecast("x", bad.view())),
        "data of all levels: expected 7 rows, got 6"
    );
    let good = Array2::zeros((7, 1));
    let twice = picture.clone().forecast("x", good.view()).unwrap().forecast("x", good.view());
    assert_eq!(message(twice), "forecast `x` is already in the evaluation");
    let region = Region { lower: Array2::zeros((7, 1)), upper: Array2::zeros((7, 2)) };
    assert_eq!(message(picture.clone().region("r", &region)), "upper bounds: expected 1 columns, got 2");
    let other =
        Hierarchy::temporal(3, &[("row", 1)]).unwrap().integrate(Array2::zeros((3, 1)).view()).unwrap();
    assert_eq!(
        message(picture.clone().actual(&other)),
        "the actual values has another hierarchy than the history"
    );
    let error = picture.write_svg(Subject::Node("nobody"), Vec::new()).unwrap_err().to_string();
    assert!(error.starts_with("node `nobody` is unknown"), "{error}");
    let empty = h.integrate(Array2::zeros((4, 0)).view()).unwrap();
    let error = Picture::new(&empty).write_svg(Subject::Node("T"), Vec::new()).unwrap_err().to_string();
    assert_eq!(error, "picture: there are no values to draw, or their range overflows");
    let flat = svg(&picture, Subject::Node("T"));
    assert!(flat.contains("<polyline"), "a flat line is drawn");
    let huge = h.integrate(array![[1e308, -1e308], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]].view()).unwrap();
    assert!(Picture::new(&huge).write_svg(Subject::Node("T"), Vec::new()).is_err());
}

#[test]
fn one_file_for_each_level() {
    let Some(Tourism { hierarchy, training, actual, base, fitted }) = tourism() else { return };
    let reconciler = Reconciler::new(&hierarchy, Method::WlsStruct).unwrap();
    let agreed = reconciler.reconcile(base.view()).unwrap();
    // One width for all steps, from the one-step errors of the past: good enough to look at.
    let past = reconciler.reconcile(fitted.view()).unwrap();
    let region =
        Conformal::fit(&training, &past, &ConformalConfig::default()).unwrap().region(&agreed).unwrap();
    let picture = Picture::new(&training).last(32).actual(&actual).unwrap();
    let picture =
        picture.forecast("base", base.view()).unwrap().forecast("reconciled", agreed.all()).unwrap();
    let picture = picture.region("90 % of each node", &region).unwrap();
    let folder = std::env::temp_dir().join(format!("granular-pictures-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let paths = picture.save_levels(&folder).unwrap();
    assert_eq!(paths.len(), 6);
    for path in &paths {
        assert!(std::fs::read_to_string(path).unwrap().ends_with("</svg>\n"));
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 6);
    if let Some(keep) = std::env::var_os("GRANULAR_PICTURES") {
        picture.save_svg(Subject::Node("Total"), std::path::Path::new(&keep).join("total.svg")).unwrap();
        picture.save_svg(Subject::LevelMean("State"), std::path::Path::new(&keep).join("state.svg")).unwrap();
    }
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(Evaluation::compare(&actual, &training, 4, base.view()).is_ok());
}
