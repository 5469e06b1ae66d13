use tickmetrics::prelude::*;

macro_rules! documented {
    ($text:literal, $text_of_expression:expr) => {
        #[derive(Metrics)]
        #[metrics(prefix = "handed_on")]
        pub struct HandedOn {
            #[doc = $text]
            pub literal: Counter,
            #[doc = $text_of_expression]
            pub expression: Counter,
        }
    };
}

documented!("Handed on, **as** it is.", "* Handed on as well.");

#[derive(Metrics)]
#[metrics(prefix = "help")]
#[rustfmt::skip]
pub struct Fields {
    /// **Only** in one line.
    pub line: Counter,
    /// Two lines
    /// of one paragraph.
    ///
    /// * A list
    /// * of two.
    pub lines: Counter,
    /** **Only** in a block of one line. */
    pub short_block: Counter,
    /**
    **Only** in a block.
    */
    pub block: Counter,
    /**
     * **Only** behind stars.
     *
     * - A list
     **Bold** right behind the star.
     */
    pub stars: Counter,
    /** Begins at once.
     * Goes on **behind** stars. */
    pub begins_at_once: Counter,
    /** Begins at once.
    **Goes** on.
    
    * A list
    * of two
    */
    pub without_stars: Counter,
    /**
     * Stars
      * in no column.
     */
    pub out_of_column: Counter,
    /**
    * One star is behind the others.
    Then none.
    */
    pub some_stars: Counter,
    /*****
     * No comment for rustdoc.
     *****/
    /// But this is.
    pub banner: Counter,
    /**
     *
     * Blank lines around.
     *
     *
     **/
    pub blank_lines: Counter,
    #[doc = "**Only** in an attribute."]
    pub attribute: Counter,
    #[doc = "* Lines\n* of an\n* attribute."]
    pub attribute_of_lines: Counter,
    #[doc = r#"Raw "text" of \ lines
      * and **stars**."#]
    pub raw: Counter,
    #[cfg_attr(all(), doc = "By a condition.")]
    #[cfg_attr(any(), doc = "By none.")]
    #[doc(alias = "other")]
    #[doc(hidden)]
    pub conditional: Counter,
    /// A line,
    #[doc = " an attribute,"]
    /** and a block. */
    pub mixed: Counter,
    /// A [`link`](Counter::inc) and code:
    /// ```
    /// let a = 1;
    /// ```
    pub markdown: Counter,
    ///	Tabs	and   blanks,
    ///     indented.
    pub blanks: Counter,
}
