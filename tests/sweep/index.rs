//! Ops that look things up by number.

use crate::case;
use crate::case::{Case, each, of, square};
use tensor::ndarray::array;

pub(crate) fn cases() -> Vec<Case> {
    [slices(), elements()].into_iter().flatten().collect()
}

fn slices() -> Vec<Case> {
    vec![
        case!(
            "index_select",
            |x| square(x[0].index_select(0, x[0].tape().indices(&[2, 0, 2])?)),
            of(&[&[3, 2], &[4], &[3, 0], &[3, 1, 2]])
        ),
        case!(
            "index_select/last",
            |x| square(x[0].index_select(1, x[0].tape().indices(&[1, 1])?)),
            of(&[&[3, 2], &[2, 3, 2], &[0, 2]])
        ),
        case!(
            "index_select/embedding",
            |x| square(x[0].index_select(0, x[0].tape().indices_nd(&array![[0, 2], [2, 1]])?)),
            of(&[&[3, 2]])
        ),
        case!(
            "index_select/nothing",
            |x| square(x[0].index_select(0, x[0].tape().indices(&[])?)),
            of(&[&[3], &[0], &[2, 2]])
        ),
        case!(
            "index_add",
            |x| square(x[0].index_add(0, x[0].tape().indices(&[1, 0, 1])?, x[1])),
            each(&[&[&[3, 2], &[3, 2]], &[&[2], &[3]], &[&[2, 0], &[3, 0]]])
        ),
        case!(
            "index_add/inner",
            |x| square(x[0].index_add(1, x[0].tape().indices(&[2, 2])?, x[1])),
            each(&[&[&[2, 3, 2], &[2, 2, 2]], &[&[1, 3], &[1, 2]]])
        ),
        case!(
            "one_hot",
            |x| square(x[0].mul(x[0].tape().indices(&[2, 0])?.one_hot(3)?)),
            of(&[&[2, 3], &[3], &[]])
        ),
    ]
}

fn elements() -> Vec<Case> {
    vec![
        case!(
            "gather",
            |x| square(x[0].gather(1, x[0].tape().indices_nd(&array![[1, 1, 0, 2], [0, 0, 0, 1]])?)),
            of(&[&[2, 3], &[3, 4]])
        ),
        case!(
            "gather/outer",
            |x| square(x[0].gather(0, x[0].tape().indices_nd(&array![[1, 0]])?)),
            of(&[&[2, 3], &[2, 2]])
        ),
        case!("gather/vector", |x| square(x[0].gather(0, x[0].tape().indices(&[0, 0])?)), of(&[&[1], &[3]])),
        case!(
            "gather/middle",
            |x| square(x[0].gather(1, x[0].tape().indices_nd(&array![[[1, 0]], [[2, 2]]])?)),
            of(&[&[2, 3, 2], &[3, 4, 3]])
        ),
        case!("gather/nothing", |x| square(x[0].gather(0, x[0].tape().indices(&[])?)), of(&[&[3], &[0]])),
        case!(
            "take_along_axis",
            |x| square(x[0].take_along_axis(1, x[0].tape().indices_nd(&array![[2], [0]])?)),
            of(&[&[2, 3], &[1, 3]])
        ),
        case!(
            "take_along_axis/broadcast",
            |x| square(x[0].take_along_axis(0, x[0].tape().indices_nd(&array![[1], [0], [1]])?)),
            of(&[&[2, 3], &[2, 1], &[2, 0]])
        ),
        case!(
            "scatter",
            |x| square(x[0].scatter(1, x[0].tape().indices_nd(&array![[2, 0], [1, 0]])?, x[1])),
            each(&[&[&[2, 3], &[2, 2]], &[&[3, 4], &[2, 2]]])
        ),
        case!(
            "scatter/repeated",
            |x| square(x[0].scatter(0, x[0].tape().indices_nd(&array![[1, 1], [1, 0], [1, 1]])?, x[1])),
            each(&[&[&[2, 3], &[3, 2]], &[&[2, 2], &[3, 2]]])
        ),
        case!(
            "scatter_add",
            |x| square(x[0].scatter_add(0, x[0].tape().indices_nd(&array![[1, 1], [1, 0], [1, 1]])?, x[1])),
            each(&[&[&[2, 3], &[3, 2]], &[&[2, 2], &[3, 2]]])
        ),
        case!(
            "scatter_add/vector",
            |x| square(x[0].scatter_add(0, x[0].tape().indices(&[0, 2, 0])?, x[1])),
            each(&[&[&[3], &[3]]])
        ),
    ]
}
