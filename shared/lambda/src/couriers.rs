//! The couriers of the functions that send.

use latchstring_aws::{
    Aws, Couriers, EmailSender, MailSettings, SenderId, SesCourier, SmsSettings, SnsCourier,
};

use crate::OsEntropy;
use crate::config::{ConfigError, Environment};

impl Environment<'_> {
    /// The couriers: mail by SES unless `EMAIL` is `false`, and SMS by SNS.
    ///
    /// # Errors
    /// If a variable is missing or invalid.
    pub fn couriers(
        &self,
        aws: &Aws,
    ) -> Result<Couriers<SesCourier<OsEntropy>, SnsCourier>, ConfigError> {
        let reply_to = self.email_reply_to()?;
        let configuration_set = self.ses_configuration_set()?;
        let own = self.client_senders::<EmailSender, SenderId>()?;
        Ok(Couriers {
            mail: self.email_from()?.map(|from| {
                let settings = MailSettings {
                    from,
                    reply_to,
                    configuration_set,
                };
                let of_clients = own.iter().map(|(client, own)| {
                    let MailSettings {
                        from,
                        reply_to,
                        configuration_set,
                    } = settings.clone();
                    let settings = MailSettings {
                        from: own.from.clone().unwrap_or(from),
                        reply_to: own.reply_to.clone().or(reply_to),
                        configuration_set: own.configuration_set.clone().or(configuration_set),
                    };
                    (client.clone(), settings)
                });
                let of_clients = of_clients.collect();
                SesCourier::new(aws, settings, OsEntropy).with_clients(of_clients)
            }),
            sms: SnsCourier::new(
                aws,
                SmsSettings {
                    sender_id: self.sms_sender_id()?,
                    origination: self.sms_origination_number()?,
                    entity: self.sms_entity_id()?,
                    templates: self.sms_template_ids()?,
                },
            )
            .with_sender_ids(
                own.iter()
                    .filter_map(|(client, own)| Some((client.clone(), own.sender_id.clone()?)))
                    .collect(),
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: &[(&str, &str)] = &[
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKID"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("EMAIL_FROM", "Example <codes@example.com>"),
        ("EMAIL_REPLY_TO", "help@example.com"),
        ("SMS_SENDER_ID", "Example"),
        ("SMS_ORIGINATION_NUMBER", "+12065550100"),
        ("SMS_ENTITY_ID", "1101"),
        ("SMS_TEMPLATE_IDS", "sign_in_code=1107"),
    ];

    /// Returns true if mail is sent, or the error of the invalid variable.
    fn sends_mail(changed: (&'static str, &'static str)) -> Result<bool, ConfigError> {
        let pairs: Vec<_> = std::iter::once(changed)
            .chain(MINIMAL.iter().copied())
            .collect();
        let environment = Environment::Pairs(&pairs);
        let aws = Aws::new(environment.aws()?);
        Ok(environment.couriers(&aws)?.mail.is_some())
    }

    #[test]
    fn mail_is_sent_unless_it_is_off() {
        assert_eq!(sends_mail(("EMAIL", "true")), Ok(true));
        assert_eq!(sends_mail(("EMAIL", "false")), Ok(false));
    }

    #[test]
    fn each_setting_of_the_couriers_is_read_and_refused_by_name() {
        for (name, wrong) in [
            ("EMAIL", "no"),
            ("EMAIL_FROM", "codes"),
            ("EMAIL_REPLY_TO", "help"),
            ("SMS_SENDER_ID", "a name that is too long"),
            ("SMS_ORIGINATION_NUMBER", "12"),
            ("SMS_ENTITY_ID", "1 101"),
            ("SMS_TEMPLATE_IDS", "another=1"),
        ] {
            let error = sends_mail((name, wrong)).unwrap_err();
            assert!(error.to_string().starts_with(name), "{name}: {error}");
        }
    }
}
