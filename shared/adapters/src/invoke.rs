//! Calls from one function to another: Lambda's Invoke.

use std::{collections::HashMap, time::Duration};

use aws_sdk_lambda::{Client, operation::invoke::InvokeError, primitives::Blob, types::InvocationType};

use crate::{
    aws::{self, Endpoint},
    store::chain,
};

/// A function that can be invoked.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name, with an alias after a colon; or its ARN.
    pub name: String,
    /// The location of Lambda.
    pub endpoint: Endpoint,
}

/// The reasons why a function has not answered.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// The function already runs as many invocations as its concurrency limit allows.
    #[error("the function {0} is busy")]
    Busy(String),
    /// The function was invoked, and still runs.
    #[error("the function {0} has not answered within {1:?}")]
    Late(String, Duration),
    #[error("the function {0} failed: {1}")]
    Failed(String, String),
    #[error("the function {0} cannot be asked: {1}")]
    Unreachable(String, String),
}

/// A function, and the client that invokes it.
#[derive(Debug)]
pub struct Connected<'a> {
    client: Client,
    name: &'a str,
}

impl Function {
    #[must_use]
    pub fn connect(&self) -> Connected<'_> {
        Connected { client: aws::lambda(&self.endpoint), name: &self.name }
    }
}

impl Connected<'_> {
    /// Returns the environment variables with which the function runs.
    ///
    /// # Errors
    /// [`NoAnswer::Unreachable`] if Lambda does not know the function, or does not answer.
    pub async fn variables(&self) -> Result<HashMap<String, String>, NoAnswer> {
        let configuration = self.client.get_function_configuration().function_name(self.name).send().await;
        let configuration =
            configuration.map_err(|error| NoAnswer::Unreachable(self.name.to_owned(), chain(&error)))?;
        Ok(configuration.environment.and_then(|environment| environment.variables).unwrap_or_default())
    }

    /// Invokes the function as its schedule does, and does not wait for it. Lambda keeps the event for up to five minutes while the
    /// function is busy.
    ///
    /// # Errors
    /// [`NoAnswer::Unreachable`] if Lambda does not accept the event.
    pub async fn wake(&self) -> Result<(), NoAnswer> {
        let event = Blob::new(*b"{}");
        let invocation = self.client.invoke().function_name(self.name).payload(event);
        let sent = invocation.invocation_type(InvocationType::Event).send().await;
        sent.map(drop).map_err(|error| NoAnswer::Unreachable(self.name.to_owned(), chain(&error)))
    }

    /// Invokes the function with `event`, and waits for its answer for at most `patience`.
    ///
    /// # Errors
    /// [`NoAnswer`].
    pub async fn ask(&self, event: Vec<u8>, patience: Duration) -> Result<Vec<u8>, NoAnswer> {
        let name = || self.name.to_owned();
        let invocation = self.client.invoke().function_name(self.name).payload(Blob::new(event)).send();
        let answer = tokio::time::timeout(patience, invocation).await;
        match answer.map_err(|_| NoAnswer::Late(name(), patience))? {
            Ok(answer) => {
                let payload = answer.payload.map(Blob::into_inner).unwrap_or_default();
                match answer.function_error {
                    None => Ok(payload),
                    Some(_) => Err(NoAnswer::Failed(name(), String::from_utf8_lossy(&payload).into_owned())),
                }
            }
            Err(error)
                if error.as_service_error().is_some_and(InvokeError::is_too_many_requests_exception) =>
            {
                Err(NoAnswer::Busy(name()))
            }
            Err(error) => Err(NoAnswer::Unreachable(name(), chain(&error))),
        }
    }
}
