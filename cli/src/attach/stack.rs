//! The outputs of a stack, from the XML of `DescribeStacks`.

use std::collections::BTreeMap;

use aws_smithy_xml::decode::{Document, try_data};

use super::merge::Triggers;
use crate::signed_call::{CLOUDFORMATION, CallError, SignedCalls};

/// Reads the outputs of a stack by name.
///
/// # Errors
/// If the call is refused or not answered.
pub async fn read(
    calls: &SignedCalls<'_>,
    stack: &str,
) -> Result<BTreeMap<String, String>, CallError> {
    let fields = [("StackName", stack)];
    let xml = calls.read_form(CLOUDFORMATION, "DescribeStacks", &fields);
    Ok(outputs(&xml.await?))
}

/// Returns the outputs by name.
pub fn outputs(xml: &str) -> BTreeMap<String, String> {
    let mut outputs = BTreeMap::new();
    let mut document = Document::new(xml);
    let (mut key, mut value) = (None, None);
    while let Some(element) = document.next_start_element() {
        let name = element.local().to_owned();
        match name.as_str() {
            // Each output is a member, whose elements have no fixed order.
            "member" => (key, value) = (None, None),
            "OutputKey" | "OutputValue" => {
                let text = try_data(&mut document.scoped_to(element)).ok();
                let text = text.map(String::from);
                if name == "OutputKey" {
                    key = text;
                } else {
                    value = text;
                }
                if let (Some(key), Some(value)) = (&key, &value) {
                    outputs.insert(key.clone(), value.clone());
                }
            }
            _ => {}
        }
    }
    outputs
}

/// Returns the function sign-up that the outputs name.
///
/// # Errors
/// If the output is missing. The text names it.
pub fn sign_up(stack: &str, outputs: &BTreeMap<String, String>) -> Result<String, String> {
    outputs.get("SignUp").cloned().ok_or_else(|| {
        format!(
            "the stack {stack} has no output SignUp: name a stack of Latchstring with a rule for new \
             accounts, or pass --function"
        )
    })
}

/// Returns the triggers that the outputs name, by their alias if there is one.
///
/// # Errors
/// If an output is missing. The text names it.
pub fn triggers(stack: &str, outputs: &BTreeMap<String, String>) -> Result<Triggers, String> {
    let alias = outputs.get("Alias").map(|alias| format!(":{alias}"));
    let alias = alias.unwrap_or_default();
    let output = |name: &str| {
        let function = outputs
            .get(name)
            .map(|function| format!("{function}{alias}"));
        function.ok_or_else(|| {
            format!(
                "the stack {stack} has no output {name}: name the stack of Latchstring, or pass \
                 --define, --create and --verify"
            )
        })
    };
    Ok(Triggers {
        define: output("DefineAuthChallenge")?,
        create: output("CreateAuthChallenge")?,
        verify: output("VerifyAuthChallengeResponse")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The response of `DescribeStacks` in AWS's API reference, with outputs of Latchstring.
    const XML: &str = r#"<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">
  <DescribeStacksResult>
    <Stacks>
      <member>
        <StackName>latchstring</StackName>
        <Parameters>
          <member>
            <ParameterKey>OutputKey</ParameterKey>
            <ParameterValue>none</ParameterValue>
          </member>
        </Parameters>
        <Outputs>
          <member>
            <Description>Define &amp; co.</Description>
            <OutputKey>DefineAuthChallenge</OutputKey>
            <OutputValue>arn:define</OutputValue>
          </member>
          <member>
            <OutputValue>arn:create?a&amp;b</OutputValue>
            <OutputKey>CreateAuthChallenge</OutputKey>
          </member>
          <member>
            <OutputKey>Empty</OutputKey>
            <OutputValue/>
          </member>
          <member>
            <OutputKey>VerifyAuthChallengeResponse</OutputKey>
            <OutputValue>arn:verify</OutputValue>
          </member>
        </Outputs>
        <StackStatus>CREATE_COMPLETE</StackStatus>
      </member>
    </Stacks>
  </DescribeStacksResult>
</DescribeStacksResponse>"#;

    #[test]
    fn outputs_are_read_in_any_order_of_their_elements() {
        let outputs = outputs(XML);
        assert_eq!(outputs.len(), 4);
        assert_eq!(outputs["Empty"], "");
        let triggers = triggers("latchstring", &outputs).expect("triggers");
        assert_eq!(triggers.define, "arn:define");
        assert_eq!(triggers.create, "arn:create?a&b");
        assert_eq!(triggers.verify, "arn:verify");
    }

    #[test]
    fn a_missing_output_is_named() {
        let mut outputs = outputs(XML);
        outputs.remove("VerifyAuthChallengeResponse");
        let error = triggers("latchstring", &outputs).expect_err("an output is missing");
        assert!(
            error.contains("no output VerifyAuthChallengeResponse"),
            "{error}"
        );
    }
}
