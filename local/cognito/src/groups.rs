//! The groups of the pool. A user names its own.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use crate::error::{ApiError, ApiResult, Code};

/// A group. Its role, and what the precedence of roles decides, are not kept.
#[derive(Clone)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) precedence: Option<i64>,
    pub(crate) created: SystemTime,
}

/// The groups by name, which is case-sensitive.
#[derive(Default)]
pub(crate) struct Groups(BTreeMap<String, Group>);

impl Groups {
    pub(crate) fn named(names: &BTreeSet<String>, now: SystemTime) -> Self {
        let group = |name: &String| Group {
            name: name.clone(),
            description: None,
            precedence: None,
            created: now,
        };
        Self(
            names
                .iter()
                .map(|name| (name.clone(), group(name)))
                .collect(),
        )
    }

    pub(crate) fn create(&mut self, group: Group) -> ApiResult<()> {
        if self.0.contains_key(&group.name) {
            return Err(ApiError::new(
                Code::GroupExists,
                "A group with the name already exists.",
            ));
        }
        self.0.insert(group.name.clone(), group);
        Ok(())
    }

    pub(crate) fn get(&self, name: &str) -> ApiResult<&Group> {
        self.0.get(name).ok_or_else(ApiError::group_not_found)
    }
}
