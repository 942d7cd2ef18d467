//! How our types are kept in columns: ids and times as integers, words as text.

/// A newtype over `i64` is an integer column.
macro_rules! integer_column {
    ($($type:ty),+ $(,)?) => { $(
        impl<DB: sqlx::Database> sqlx::Type<DB> for $type where i64: sqlx::Type<DB> {
            fn type_info() -> DB::TypeInfo {
                <i64 as sqlx::Type<DB>>::type_info()
            }
            fn compatible(info: &DB::TypeInfo) -> bool {
                <i64 as sqlx::Type<DB>>::compatible(info)
            }
        }
        impl<'q, DB: sqlx::Database> sqlx::Encode<'q, DB> for $type where i64: sqlx::Encode<'q, DB> {
            fn encode_by_ref(&self, buffer: &mut DB::ArgumentBuffer) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
                self.0.encode_by_ref(buffer)
            }
        }
        impl<'r, DB: sqlx::Database> sqlx::Decode<'r, DB> for $type where i64: sqlx::Decode<'r, DB> {
            fn decode(value: DB::ValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
                Ok(Self(<i64 as sqlx::Decode<DB>>::decode(value)?))
            }
        }
    )+ };
}

/// A type with `Display` and `FromStr` that undo each other is a text column.
macro_rules! text_column {
    ($($type:ty),+ $(,)?) => { $(
        impl<DB: sqlx::Database> sqlx::Type<DB> for $type where String: sqlx::Type<DB> {
            fn type_info() -> DB::TypeInfo {
                <String as sqlx::Type<DB>>::type_info()
            }
            fn compatible(info: &DB::TypeInfo) -> bool {
                <String as sqlx::Type<DB>>::compatible(info)
            }
        }
        impl<'q, DB: sqlx::Database> sqlx::Encode<'q, DB> for $type where String: sqlx::Encode<'q, DB> {
            fn encode_by_ref(&self, buffer: &mut DB::ArgumentBuffer) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
                self.to_string().encode(buffer)
            }
        }
        impl<'r, DB: sqlx::Database> sqlx::Decode<'r, DB> for $type where String: sqlx::Decode<'r, DB> {
            fn decode(value: DB::ValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
                Ok(<String as sqlx::Decode<DB>>::decode(value)?.parse()?)
            }
        }
    )+ };
}

pub(crate) use text_column;

integer_column!(
    crate::clock::Timestamp,
    crate::id::SubscriberId,
    crate::id::SubscriptionId,
    crate::id::PostId,
    crate::id::CampaignId,
    crate::id::RenditionId,
    crate::id::DeliveryId,
);

text_column!(crate::address::EmailAddress, crate::config::Kind, crate::line::Line);
