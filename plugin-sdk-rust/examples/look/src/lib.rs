//! The smallest http hook: looks at every request and counts those for one path. It changes nothing; benchmarks use it for what
//! looking costs.

use weir_plugin_sdk::host;
use weir_plugin_sdk::prelude::*;

/// Counts are handed over in bunches: a call of the host for each request would cost more than the look.
const BUNCH: u64 = 1024;

/// The hook.
#[derive(Debug)]
pub struct Look {
    health_checks: u64,
}

impl HttpHook for Look {
    fn wanted() -> Interest {
        Interest::requests()
    }

    fn new() -> Self {
        Self { health_checks: 0 }
    }

    fn request(&mut self, subject: &Subject<'_>, _: &mut Patch<'_>) -> Action {
        if subject.text(Field::RequestResource) == Some(b"/healthz".as_slice()) {
            self.health_checks += 1;
            if self.health_checks.is_multiple_of(BUNCH) {
                host::count("health-checks", BUNCH);
            }
        }
        Action::Next
    }
}

weir_plugin_sdk::register!(name = "look", version = env!("CARGO_PKG_VERSION"), http_hook = Look);
