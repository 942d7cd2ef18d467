//! Who does something to a campaign: kept in a log that only grows, in the transaction of the change.

use crate::config::MACHINE;

/// Somebody who queues, approves or steers, or Bulletin itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    name: String,
    /// The system user of a coordinator: what the log called them before they had a table.
    user: Option<String>,
}

impl Actor {
    /// What the daemon does by itself.
    pub fn machine() -> Self {
        Self { name: MACHINE.to_owned(), user: None }
    }

    /// By the name of their table.
    pub fn coordinator(name: &str, user: Option<&str>) -> Self {
        Self { name: name.to_owned(), user: user.map(|user| Self::user(user).name) }
    }

    /// Somebody of whom only the system knows.
    pub fn user(name: &str) -> Self {
        // daemons often have a user of this name, who is not the machine
        let name = if name == MACHINE { format!("user {name}") } else { name.to_owned() };
        Self { name, user: None }
    }

    /// As the log has them.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the log means them by `name`.
    pub fn is(&self, name: &str) -> bool {
        self.name == name || self.user.as_deref() == Some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_the_same_before_and_after_they_get_a_table() {
        let ann = Actor::coordinator("ann-field", Some("ann"));
        assert!(ann.is("ann-field") && ann.is("ann") && !ann.is("bob"));
        assert!(!Actor::coordinator("bob", None).is("ann"));
    }

    #[test]
    fn a_user_called_like_the_program_is_not_the_machine() {
        let machine = Actor::machine();
        assert!(!Actor::user("bulletin").is(machine.name()));
        let cem = Actor::coordinator("cem", Some("bulletin"));
        assert!(!cem.is(machine.name()) && cem.is(Actor::user("bulletin").name()));
        assert_eq!(Actor::user("ann").name(), "ann");
    }
}
