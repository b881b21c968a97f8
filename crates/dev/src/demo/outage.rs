//! What happens when centers are down: with one of three, nothing; with two, `undecided`, and it heals alone.
//!
//! Told over the demo by `./dev test`, with real processes that are really gone.

use std::fs;

use crate::demo::interrupt::Interrupt;
use crate::demo::story::{ACCEPTED, Demo, NOT_YET, UNDECIDED, YES, patiently};
use crate::failure::Failure;
use crate::say;

/// Goes through both outages in the demo that was just told.
pub(crate) fn tell(demo: &mut Demo, interrupt: &Interrupt) -> Result<(), Failure> {
    let file = |demo: &Demo, name: &str| {
        let path = demo.folder().join(name);
        fs::write(&path, name)
            .map_err(Failure::file(&path))
            .map(|()| path)
    };

    say::step("one of three centers is down: everything works");
    demo.fleet.stop_one("asia");
    let second = file(demo, "second")?;
    say::answer(patiently(interrupt, || demo.publish(&[&second], "0.2.0", YES))?.trim_end());
    say::answer(patiently(interrupt, || demo.verify_online(&second, ACCEPTED))?.trim_end());

    say::step("two of three are down: undecided, and what was proven stays proven");
    demo.fleet.stop_one("americas");
    let third = file(demo, "third")?;
    say::answer(demo.publish(&[&third], "0.3.0", NOT_YET)?.trim_end());
    say::answer(demo.verify_online(&third, UNDECIDED)?.trim_end());
    say::answer(demo.verify_online(&second, ACCEPTED)?.trim_end());

    say::step("one comes back: it heals without anyone doing anything");
    demo.start("americas")?;
    demo.wait_ready("americas", interrupt)?;
    // A log asks a silent witness again at growing intervals of at most five seconds.
    let healed = patiently(interrupt, || demo.verify_online(&third, ACCEPTED))?;
    say::answer(healed.trim_end());
    demo.fleet.check_alive()
}
