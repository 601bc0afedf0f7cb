//! Settings for some of the parameters.

use super::settings::not_negative;
use crate::Result;
use std::fmt;
use std::sync::Arc;

/// Settings for the parameters of a group, chosen by their names.
///
/// An optimizer's `group` adds one. The first group that accepts a parameter's name counts; a parameter that none
/// accepts has the optimizer's own settings. Names are asked for once, at the first step.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `rate_factor` | 1 | what the learning rate is multiplied by | finite, not negative |
/// | `weight_decay` | `None` | the decay in place of the optimizer's | finite, not negative |
/// | `frozen` | `false` | whether the parameters and their memory stay as they are | |
///
/// ```
/// use nn::{AdamW, GroupSettings};
///
/// // Biases and norms are not pulled to 0; the first layers move slowly.
/// let plain = GroupSettings { weight_decay: Some(0.0), ..GroupSettings::default() };
/// let slow = GroupSettings { rate_factor: 0.1, ..GroupSettings::default() };
/// let optimizer = AdamW::<f32>::new(1e-3)?
///     .group(|name| name.ends_with("bias") || name.contains("norm"), plain)?
///     .group(|name| name.starts_with("encoder."), slow)?;
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupSettings {
    /// What the learning rate is multiplied by.
    pub rate_factor: f64,
    /// The weight decay in place of the optimizer's.
    pub weight_decay: Option<f64>,
    /// Whether the parameters and their memory stay as they are.
    pub frozen: bool,
}

impl Default for GroupSettings {
    fn default() -> Self {
        Self { rate_factor: 1.0, weight_decay: None, frozen: false }
    }
}

/// Groups in the order in which they are asked.
#[derive(Clone, Default)]
pub(super) struct Groups(Vec<Group>);

#[derive(Clone)]
struct Group {
    accepts: Arc<dyn Fn(&str) -> bool + Send + Sync>,
    settings: GroupSettings,
}

impl Groups {
    pub(super) fn add(
        &mut self,
        owner: &'static str,
        accepts: impl Fn(&str) -> bool + Send + Sync + 'static,
        settings: GroupSettings,
    ) -> Result<()> {
        not_negative(owner, "a group's rate factor", settings.rate_factor)?;
        not_negative(owner, "a group's weight decay", settings.weight_decay.unwrap_or(0.0))?;
        self.0.push(Group { accepts: Arc::new(accepts), settings });
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The settings of a parameter.
    pub(super) fn of(&self, name: &str) -> GroupSettings {
        let group = self.0.iter().find(|group| (group.accepts)(name));
        group.map_or_else(GroupSettings::default, |group| group.settings)
    }
}

impl fmt::Debug for Groups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|group| group.settings)).finish()
    }
}
