//! The plugins of one process. Takes: loaded plugins. Gives: them, when no two claim one name.

use crate::load_error::LoadError;
use crate::plugin::Plugin;

/// Plugins that can work side by side.
#[derive(Clone, Debug, Default)]
pub struct PluginSet {
    plugins: Vec<Plugin>,
}

impl PluginSet {
    /// Adds a plugin behind the ones that are there.
    ///
    /// # Errors
    /// [`LoadError::Conflict`] when another one has its name, or claims one of its protocols (upper and lower case are the
    /// same there). The set is as before then.
    pub fn add(&mut self, plugin: Plugin) -> Result<(), LoadError> {
        for other in &self.plugins {
            conflict(other, &plugin)?;
        }
        self.plugins.push(plugin);
        Ok(())
    }

    /// The plugins in the order in which they were added.
    pub fn iter(&self) -> std::slice::Iter<'_, Plugin> {
        self.plugins.iter()
    }
}

impl<'a> IntoIterator for &'a PluginSet {
    type Item = &'a Plugin;
    type IntoIter = std::slice::Iter<'a, Plugin>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

fn conflict(first: &Plugin, second: &Plugin) -> Result<(), LoadError> {
    let (one, two) = (first.manifest(), second.manifest());
    let claim = |what, name: &str| {
        let (first, second) = (one.name.clone(), two.name.clone());
        Err(LoadError::Conflict { what, name: name.to_owned(), first, second })
    };
    if one.name == two.name {
        return claim("plugin name", &one.name);
    }
    let claimed = |name: &&std::sync::Arc<str>| one.protocols.iter().any(|p| p.eq_ignore_ascii_case(name));
    two.protocols.iter().find(claimed).map_or(Ok(()), |name| claim("protocol", name))
}
