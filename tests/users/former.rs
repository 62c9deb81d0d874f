//! The table of accounts as the first release created it, and the reads and writes with which its functions listed users.

use std::collections::BTreeSet;

use adapters::{aws, store::Client};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    Projection, ProjectionType, ScalarAttributeType,
};
use domain::accounts::UserId;

/// Functions of the first release.
pub struct Former {
    client: Client,
    table: String,
}

impl Former {
    /// Creates the table.
    pub async fn create(url: &str, table: &str) -> Self {
        let former = Self { client: aws::at(url), table: table.to_owned() };
        let attribute = |name: &str| {
            let attribute = AttributeDefinition::builder().attribute_name(name);
            attribute.attribute_type(ScalarAttributeType::S).build().expect("an attribute")
        };
        let key = |name: &str, kind| {
            KeySchemaElement::builder().attribute_name(name).key_type(kind).build().expect("a key")
        };
        let listed = GlobalSecondaryIndex::builder()
            .index_name("listed")
            .key_schema(key("listed_in", KeyType::Hash))
            .key_schema(key("listed_by", KeyType::Range))
            .projection(Projection::builder().projection_type(ProjectionType::All).build())
            .build();
        let create = former.client.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
        let create = create
            .set_attribute_definitions(Some(["pk", "sk", "listed_in", "listed_by"].map(attribute).to_vec()))
            .key_schema(key("pk", KeyType::Hash))
            .key_schema(key("sk", KeyType::Range))
            .global_secondary_indexes(listed.expect("an index"));
        create.send().await.expect("a table");
        former
    }

    /// Registers a user.
    pub async fn register(&self, id: UserId, name: &str) {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let number = || AttributeValue::N("1".to_owned());
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", text(&format!("USER#{id}")))
            .item("sk", text("PROFILE"))
            .item("username", text(name))
            .item("email", text(&format!("{name}@example.com")))
            .item("is_admin", AttributeValue::Bool(false))
            .item("created_at", number())
            .item("updated_at", number())
            .item("version", number())
            .item("listed_in", text("USERS"))
            .item("listed_by", text(&id.to_string()));
        put.condition_expression("attribute_not_exists(pk)").send().await.expect("a user");
        let put = self.client.put_item().table_name(&self.table);
        let put = put
            .item("pk", text(&format!("USER#{id}")))
            .item("sk", text("STATUS"))
            .item("is_admin", AttributeValue::Bool(false))
            .item("is_frozen", AttributeValue::Bool(false))
            .item("epoch", AttributeValue::N("0".to_owned()));
        put.send().await.expect("a status");
    }

    /// Lists all users.
    pub async fn users(&self) -> BTreeSet<UserId> {
        let (mut users, mut from) = (BTreeSet::new(), None);
        loop {
            let query = self.client.query().table_name(&self.table).index_name("listed");
            let page = query
                .key_condition_expression("listed_in = :users")
                .expression_attribute_values(":users", AttributeValue::S("USERS".to_owned()))
                .set_exclusive_start_key(from)
                .send()
                .await
                .expect("users");
            let id = |item: &std::collections::HashMap<String, AttributeValue>| {
                assert!(item.contains_key("username") && item.contains_key("version"), "{item:?}");
                item["listed_by"].as_s().expect("a text").parse::<UserId>().expect("an id")
            };
            users.extend(page.items().iter().map(id));
            from = page.last_evaluated_key;
            if from.is_none() {
                return users;
            }
        }
    }
}
