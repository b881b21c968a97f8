//! What is typed and what is answered, as data: each file below `tests/cmd` is named after what it requires.
//!
//! `TRYCMD=overwrite` writes the answers anew; what changed is for a person to read in the diff.

#[test]
fn commands_answer_as_their_files_say() {
    trycmd::TestCases::new()
        .case("tests/cmd/*/*.trycmd")
        .case("tests/cmd/*/*.toml")
        .run();
}
