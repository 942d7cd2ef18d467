//! What the journey is measured against.

pub(crate) mod mjml;
pub(crate) mod nodemailer;
pub(crate) mod openssl;
pub(crate) mod smtp_source;
