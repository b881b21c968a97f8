//! Ctrl-C and a polite end from outside, as a flag that the loops of the demo look at.
//!
//! Without it, the default action would end us at once and leave the nodes running.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};

use crate::failure::Failure;
use crate::say;

/// Set from the first SIGINT or SIGTERM on.
#[derive(Clone)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Takes over both signals for the rest of the process.
    pub(crate) fn listen() -> Self {
        let flag = Arc::new(AtomicBool::new(false));
        let set = Arc::clone(&flag);
        // A thread of its own: the demo is synchronous, and a signal must be seen also while it waits for a child.
        thread::spawn(move || {
            if let Err(error) = wait() {
                say::note(&format!("signals cannot be listened to: {error}"));
                return;
            }
            set.store(true, Ordering::SeqCst);
        });
        Self(flag)
    }

    /// True once somebody asked us to end.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Fails once somebody asked us to end.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.is_set() {
            Err(Failure::Interrupted)
        } else {
            Ok(())
        }
    }
}

fn wait() -> std::io::Result<()> {
    runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let mut interrupt = signal(SignalKind::interrupt())?;
            let mut terminate = signal(SignalKind::terminate())?;
            tokio::select! {
                _ = interrupt.recv() => (),
                _ = terminate.recv() => (),
            }
            Ok(())
        })
}
