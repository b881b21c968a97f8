//! Enums that are words in a format: one table gives type, text, parser and the sentence of a refusal.

/// Declares an enum whose variants are words; `parse` is the inverse of `as_str`.
macro_rules! words {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// All words with their meanings.
            pub const TABLE: &'static [(&'static str, Self)] = &[$(($word, Self::$variant),)+];

            /// All words in one sentence, for refusals.
            pub const WORDS: &'static str = concat!("one of the words", $(" ", $word,)+);

            /// The word. Inverse of `parse`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The meaning of a word.
            pub fn parse(word: &str) -> Option<Self> {
                Self::TABLE.iter().find(|(known, _)| *known == word).map(|(_, meaning)| *meaning)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }
    };
}

pub(crate) use words;
