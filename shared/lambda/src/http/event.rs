//! The events of an HTTP API (payload 2.0), a function URL, a REST API (payload 1.0) and an
//! Application Load Balancer.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use data_encoding::BASE64;
use latchstring_core::rate_limit::Source;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::problem::Rejection;
use super::response::Form;
use crate::resolver::OriginSecrets;

/// The maximum length of a body in bytes, decoded: 64 kB.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// The service that an event comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    /// An HTTP API with payload 2.0, or a function URL.
    HttpApi,
    /// A REST API, or an HTTP API with payload 1.0.
    RestApi,
    /// An Application Load Balancer.
    LoadBalancer,
}

/// An HTTP request.
#[derive(Clone, Copy)]
pub(super) struct Event<'a> {
    value: &'a Value,
    service: Service,
    /// The method.
    pub(super) method: &'a str,
    path: &'a str,
}

impl<'a> Event<'a> {
    /// Returns the request of an event; `None` if it is none of the known kinds.
    pub(super) fn read(event: &'a Value) -> Option<Self> {
        let context = &event["requestContext"];
        let (service, method, path) = if context["http"].is_object() {
            let method = &context["http"]["method"];
            (Service::HttpApi, method, &event["rawPath"])
        } else if context["elb"].is_object() {
            (Service::LoadBalancer, &event["httpMethod"], &event["path"])
        } else if context["identity"].is_object() {
            (Service::RestApi, &event["httpMethod"], &event["path"])
        } else {
            return None;
        };
        Some(Self {
            value: event,
            service,
            method: method.as_str()?,
            path: path.as_str()?,
        })
    }

    /// Returns the path from its last segment `/v1`, before which a stage or a base path may stand;
    /// `None` if there is none.
    pub(super) fn path(&self) -> Option<&'a str> {
        let at = self.path.rfind("/v1/")?;
        self.path.get(at..)
    }

    /// Returns the value of a header, with several values in one list. The name is in lower case.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        let values = self.values(name);
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// Returns the values of a header.
    fn values(&self, name: &str) -> Vec<&'a str> {
        let mut values = Vec::new();
        // Of the two, a load balancer has one, and a REST API has both.
        let headers = self.value["multiValueHeaders"].as_object();
        let headers = headers.or_else(|| self.value["headers"].as_object());
        for (_, value) in headers
            .into_iter()
            .flatten()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
        {
            match value {
                Value::Array(several) => values.extend(several.iter().filter_map(Value::as_str)),
                value => values.extend(value.as_str()),
            }
        }
        values
    }

    /// Returns the cookies, in the form of the header. An HTTP API has them in a member of their own.
    pub(super) fn cookies(&self) -> String {
        let cookies = self.value["cookies"].as_array();
        match cookies.filter(|_| self.service == Service::HttpApi) {
            Some(cookies) => {
                let cookies: Vec<_> = cookies.iter().filter_map(Value::as_str).collect();
                cookies.join("; ")
            }
            // HTTP/2 permits one header for each cookie.
            None => self.values("cookie").join("; "),
        }
    }

    /// Returns the source of the request, by the part of the event that the service itself writes.
    /// Requests without an address there share one source.
    pub(super) fn source(&self, origin: Option<&OriginSecrets>) -> Source {
        let context = &self.value["requestContext"];
        let address = if origin.is_some() {
            // CloudFront's own header. The service sees the address of CloudFront.
            let viewer = self.header("cloudfront-viewer-address");
            viewer.and_then(|viewer| address_with_port(&viewer))
        } else {
            match self.service {
                Service::HttpApi => parsed(&context["http"]["sourceIp"]),
                Service::RestApi => parsed(&context["identity"]["sourceIp"]),
                Service::LoadBalancer => self.header("x-forwarded-for").and_then(|header| {
                    // The balancer appends the peer's address, which may have a port. A client can
                    // set the entries further left.
                    let last = header.rsplit(',').next()?.trim();
                    last.parse().ok().or_else(|| {
                        let with_port = last.parse::<SocketAddr>().ok()?;
                        Some(with_port.ip())
                    })
                }),
            }
        };
        Source::new(address.unwrap_or(Ipv4Addr::UNSPECIFIED.into()))
    }

    /// Decodes the body as JSON.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Rejection> {
        let media_type = self.header("content-type").unwrap_or_default();
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        let body = self.value["body"].as_str().unwrap_or_default();
        let is_encoded = self.value["isBase64Encoded"] == true;
        let most = if is_encoded {
            BASE64.encode_len(MAX_BODY_BYTES)
        } else {
            MAX_BODY_BYTES
        };
        if body.len() > most {
            return Err(Rejection::ContentTooLarge);
        }
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(Rejection::UnsupportedMediaType);
        }
        let body = if is_encoded {
            let body = BASE64.decode(body.as_bytes());
            Cow::Owned(body.map_err(|_| Rejection::NotJson)?)
        } else {
            Cow::Borrowed(body.as_bytes())
        };
        if body.len() > MAX_BODY_BYTES {
            return Err(Rejection::ContentTooLarge);
        }
        decoded(serde_json::from_slice(&body).map_err(|_| Rejection::NotJson)?)
    }

    /// Decodes the query.
    pub(super) fn query<T: DeserializeOwned>(&self) -> Result<T, Rejection> {
        let one = self.value["queryStringParameters"].as_object();
        let several = self.value["multiValueQueryStringParameters"].as_object();
        let query: Map<_, _> = one
            .or(several)
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| {
                let value = value.as_str().or_else(|| value[0].as_str())?;
                Some((name.clone(), Value::from(value)))
            })
            .collect();
        decoded(Value::Object(query))
    }

    /// Returns the form of its response.
    pub(super) fn form(&self) -> Form {
        match self.service {
            Service::HttpApi => Form::HttpApi,
            Service::RestApi => Form::RestApi,
            Service::LoadBalancer if self.value["multiValueHeaders"].is_object() => {
                Form::LoadBalancerMultiValue
            }
            Service::LoadBalancer => Form::LoadBalancer,
        }
    }
}

fn parsed(address: &Value) -> Option<IpAddr> {
    address.as_str()?.parse().ok()
}

/// Parses an address with a port, as CloudFront writes it: an IPv6 address may be without brackets.
fn address_with_port(text: &str) -> Option<IpAddr> {
    let (address, _port) = text.trim().rsplit_once(':')?;
    address
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok()
}

/// Decodes an object. An error has the name of a member of the type, and no value.
fn decoded<T: DeserializeOwned>(value: Value) -> Result<T, Rejection> {
    if !value.is_object() {
        return Err(Rejection::NotAnObject);
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        // Unknown members are skipped without an error, so the path has names of the type alone.
        let path = error.path().to_string();
        let text = error.inner().to_string();
        let missing = text
            .strip_prefix("missing field `")
            .and_then(|rest| rest.split_once('`'));
        match missing {
            Some((member, _)) => Rejection::Missing(member.to_owned()),
            None => Rejection::Wrong(path),
        }
    })
}
