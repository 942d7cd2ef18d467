//! HTML as its pieces: tags and words, one after the other.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

/// The pieces of HTML in their order.
pub(in crate::source) fn tokens(html: &str) -> Vec<Token> {
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    let tokenizer = Tokenizer::new(Pieces::default(), TokenizerOpts::default());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.into_inner()
}

#[derive(Default)]
struct Pieces(RefCell<Vec<Token>>);

impl TokenSink for Pieces {
    type Handle = ();

    /// What follows an entity comes apart from it, and belongs to it.
    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut pieces = self.0.borrow_mut();
        match (pieces.last_mut(), token) {
            (Some(Token::CharacterTokens(text)), Token::CharacterTokens(more)) => {
                text.push_tendril(&more);
            }
            (_, token) => pieces.push(token),
        }
        TokenSinkResult::Continue
    }
}
