//! What a plugin may ask of the host. Natively (in tests) log lines go to standard error, the configuration is that of
//! `configured`, and counters count nothing.

/// How important a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Level {
    /// Something does not work.
    Error = 0,
    /// Something looks wrong.
    Warn = 1,
    /// Worth to know.
    Info = 2,
    /// For the plugin's author.
    Debug = 3,
}

/// Writes a line into the host's log, under the plugin's name. Cut at 1 KiB, at most 100 lines a second.
pub fn log(level: Level, message: &str) {
    imports::log(level, message);
}

/// The plugin's configuration value of that name. Ask once and keep it.
#[must_use]
pub fn config(key: &str) -> Option<String> {
    imports::config(key)
}

/// Adds to one of the plugin's own counters: at most 64 names of at most 64 bytes.
pub fn count(counter: &str, by: u64) {
    imports::count(counter, by);
}

/// Runs a test with this configuration; what is made in it keeps what it read. Natively alone.
#[cfg(not(target_family = "wasm"))]
pub fn configured<R>(pairs: &[(&str, &str)], test: impl FnOnce() -> R) -> R {
    let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let before = imports::CONFIGURATION.replace(pairs);
    let result = test();
    imports::CONFIGURATION.set(before);
    result
}

#[cfg(target_family = "wasm")]
mod imports {
    #![allow(unsafe_code)] // calls over the sandbox's border
    use super::Level;

    mod raw {
        #[link(wasm_import_module = "weir:plugin/host@0.1.0")]
        unsafe extern "C" {
            pub(super) fn log(level: u32, message: *const u8, length: usize);
            pub(super) fn config(key: *const u8, length: usize, result: *mut ConfigResult);
            pub(super) fn count(counter: *const u8, length: usize, by: u64);
        }

        /// `option<string>` in memory.
        #[derive(Default)]
        #[repr(C)]
        pub(super) struct ConfigResult {
            pub(super) some: u8,
            pub(super) address: u32,
            pub(super) length: u32,
        }
    }

    pub(super) fn log(level: Level, message: &str) {
        // SAFETY: the host only reads the text.
        unsafe { raw::log(level as u32, message.as_ptr(), message.len()) }
    }

    pub(super) fn config(key: &str) -> Option<String> {
        let mut result = raw::ConfigResult::default();
        // SAFETY: the host reads the key and writes one `ConfigResult`.
        unsafe { raw::config(key.as_ptr(), key.len(), &raw mut result) }
        if result.some == 0 {
            return None;
        }
        if result.length == 0 {
            return Some(String::new());
        }
        let (address, length) = (result.address as *mut u8, result.length as usize);
        // SAFETY: the host got this memory from `cabi_realloc` (size `length`, alignment 1) and gives it to us.
        let bytes = unsafe { Vec::from_raw_parts(address, length, length) };
        String::from_utf8(bytes).ok()
    }

    pub(super) fn count(counter: &str, by: u64) {
        // SAFETY: the host only reads the text.
        unsafe { raw::count(counter.as_ptr(), counter.len(), by) }
    }
}

#[cfg(not(target_family = "wasm"))]
mod imports {
    use std::cell::RefCell;

    use super::Level;

    pub(super) fn log(level: Level, message: &str) {
        eprintln!("{level:?}: {message}");
    }

    thread_local! {
        /// Of [`configured`](super::configured), on this thread.
        pub(super) static CONFIGURATION: RefCell<Vec<(String, String)>> = const { RefCell::new(Vec::new()) };
    }

    pub(super) fn config(key: &str) -> Option<String> {
        CONFIGURATION
            .with_borrow(|pairs| pairs.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone()))
    }

    pub(super) fn count(_: &str, _: u64) {}
}
