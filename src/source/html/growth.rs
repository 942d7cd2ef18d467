//! How large HTML becomes: what is left open, as a `<b>`, is opened anew in each paragraph after it (WHATWG
//! HTML §13.2.4.3), so a few kilobytes can say millions of elements. They are counted before they are made.

use std::borrow::Cow;
use std::cell::Cell;
use std::rc::Rc;

use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::{Attribute, ExpandedName, ParseOpts, QualName, local_name, ns, parse_fragment};

/// Whether it becomes more than `most` elements, read as `ammonia` reads it: as what stands in a `div`.
pub(super) fn exceeds(html: &str, most: usize) -> bool {
    let elements = Rc::new(Cell::new(0));
    let div = QualName::new(None, ns!(html), local_name!("div"));
    let count = Count { elements: Rc::clone(&elements) };
    let mut parser = parse_fragment(count, ParseOpts::default(), div, Vec::new(), false);
    // a tag at a time: what comes of the next one is not waited for when there is too much
    for piece in html.split_inclusive('>') {
        parser.process(StrTendril::from(piece));
        if elements.get() > most {
            return true;
        }
    }
    parser.finish();
    elements.get() > most
}

/// A tree of which only the number of its elements is kept.
struct Count {
    elements: Rc<Cell<usize>>,
}

fn nameless() -> Rc<QualName> {
    Rc::new(QualName::new(None, ns!(), local_name!("")))
}

impl TreeSink for Count {
    type Handle = Rc<QualName>;
    type Output = ();
    type ElemName<'a> = ExpandedName<'a>;

    fn create_element(&self, name: QualName, _: Vec<Attribute>, _: ElementFlags) -> Self::Handle {
        self.elements.set(self.elements.get() + 1);
        Rc::new(name)
    }

    fn elem_name<'a>(&'a self, target: &'a Self::Handle) -> ExpandedName<'a> {
        target.expanded()
    }

    fn same_node(&self, one: &Self::Handle, other: &Self::Handle) -> bool {
        Rc::ptr_eq(one, other)
    }

    fn get_template_contents(&self, target: &Self::Handle) -> Self::Handle {
        Rc::clone(target)
    }

    fn get_document(&self) -> Self::Handle {
        nameless()
    }

    fn create_comment(&self, _: StrTendril) -> Self::Handle {
        nameless()
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> Self::Handle {
        nameless()
    }

    fn finish(self) {}
    fn parse_error(&self, _: Cow<'static, str>) {}
    fn append(&self, _: &Self::Handle, _: NodeOrText<Self::Handle>) {}
    fn append_based_on_parent_node(
        &self,
        _: &Self::Handle,
        _: &Self::Handle,
        _: NodeOrText<Self::Handle>,
    ) {
    }
    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}
    fn set_quirks_mode(&self, _: QuirksMode) {}
    fn append_before_sibling(&self, _: &Self::Handle, _: NodeOrText<Self::Handle>) {}
    fn add_attrs_if_missing(&self, _: &Self::Handle, _: Vec<Attribute>) {}
    fn remove_from_parent(&self, _: &Self::Handle) {}
    fn reparent_children(&self, _: &Self::Handle, _: &Self::Handle) {}
}
