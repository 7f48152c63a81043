//! What happens to TLS libraries -> log. Takes events, gives lines.

use weir_capture::sockets::TlsEvent;

pub(super) fn tell(event: &TlsEvent) {
    match event {
        TlsEvent::Attached { file, library, probes, took } => tracing::info!(
            "tls: attached to {} ({library}), {probes} probes in {:.1} ms",
            file.display(),
            took.as_secs_f64() * 1e3
        ),
        TlsEvent::Detached { file } => {
            tracing::info!("tls: nobody uses {} any more, its probes are gone", file.display());
        }
        TlsEvent::Refused { file, error } => {
            tracing::error!("tls: {} is left out: {error}", file.display());
        }
        TlsEvent::NotUsable(reason) => tracing::warn!("tls: {reason}"),
        TlsEvent::Hidden(processes) => tracing::warn!(
            "tls: processes that may not be looked into: {processes}; CAP_SYS_PTRACE lets the agent see those of other users"
        ),
        TlsEvent::Blind(reason) => tracing::error!("tls: {reason}"),
        _ => {}
    }
}
