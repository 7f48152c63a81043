//! The plugins that are part of the program: they load, side by side, through both doors.

use weir_plugin_runtime::PluginSet;

use crate::support::{component, runtime};

#[test]
fn load_side_by_side() {
    let runtime = runtime();
    let mut set = PluginSet::default();
    for builtin in weir_builtin_plugins::all() {
        let plugin = runtime.load(builtin.wasm).unwrap_or_else(|error| panic!("{}: {error}", builtin.name));
        assert_eq!(plugin.manifest().name, builtin.name, "the folder has the plugin's name");
        let wasm = component(builtin.wasm).unwrap_or_else(|error| panic!("{}: {error:#}", builtin.name));
        let twin = runtime.load(&wasm).unwrap_or_else(|error| panic!("{}: {error}", builtin.name));
        assert_eq!(format!("{:?}", twin.manifest()), format!("{:?}", plugin.manifest()));
        let kinds = |plugin: &weir_plugin_runtime::Plugin| (plugin.parses(), plugin.hooks().to_vec());
        assert_eq!(kinds(&twin), kinds(&plugin), "{}", builtin.name);
        assert_eq!(plugin.parses(), builtin.parses, "{}", builtin.name);
        set.add(plugin).unwrap_or_else(|error| panic!("{error}"));
    }
}
