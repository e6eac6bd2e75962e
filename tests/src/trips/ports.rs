//! The line as a carrier of port calls: a call is one request, as in `latchstring-aws`.

use latchstring_core::ports::{DeliveryError, PortError};
use latchstring_testkit::{Call, Carried, Carrier, Port};

use super::line::{Hop, Line};

/// A port at the end of a line.
pub(super) type Far<P> = Carried<P, Line>;

impl Carrier for Line {
    async fn carry<T: Send>(
        &self,
        call: Call,
        effect: impl Future<Output = Result<T, PortError>> + Send,
        _: fn(&T) -> &'static str,
    ) -> Result<T, PortError> {
        let (hop, service, operation) = match (call.port, call.name) {
            (Port::Store, _) if call.writes => (Hop::DynamoDb, "DynamoDB", "writes"),
            (Port::Store, _) => (Hop::DynamoDb, "DynamoDB", "reads"),
            (Port::Directory, "find") => (Hop::Cognito, "Cognito", "AdminGetUser"),
            (Port::Directory, "create") => (Hop::Cognito, "Cognito", "AdminCreateUser"),
            (Port::Directory, "set_password") => (Hop::Cognito, "Cognito", "AdminSetUserPassword"),
            (Port::Directory, "set_contact" | "set_names") => {
                (Hop::Cognito, "Cognito", "AdminUpdateUserAttributes")
            }
            (Port::ChallengeApi, "initiate") => (Hop::Cognito, "Cognito", "InitiateAuth"),
            (Port::ChallengeApi, "respond") => (Hop::Cognito, "Cognito", "RespondToAuthChallenge"),
            (_, name) => panic!("{name} has no place in the tables"),
        };
        self.trip(hop, service, operation).await;
        effect.await
    }

    async fn deliver(
        &self,
        effect: impl Future<Output = Result<(), DeliveryError>> + Send,
    ) -> Result<(), DeliveryError> {
        self.trip(Hop::Message, "SES or SNS", "messages").await;
        effect.await
    }
}
