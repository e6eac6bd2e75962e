//! The CAPTCHA that a spent budget requires.

use super::error::RateLimitError;
use crate::policy::budgets::Budget;
use crate::ports::Captcha;
use crate::value::secret::Secret;

/// The verifier and the response of the request, if a CAPTCHA is on.
#[derive(Debug)]
pub(crate) struct CaptchaGate<'a, P> {
    pub(crate) port: &'a P,
    pub(crate) answer: Option<&'a Secret>,
}

impl<'a, P: Captcha> CaptchaGate<'a, P> {
    /// Returns the response of the request.
    ///
    /// # Errors
    /// [`RateLimitError::CaptchaRequired`] if there is none.
    pub(crate) fn answer(&self, budget: Budget) -> Result<&'a Secret, RateLimitError> {
        self.answer
            .ok_or(RateLimitError::CaptchaRequired { budget })
    }

    /// Verifies the response. Called at most once for a request, because a response is valid once.
    pub(crate) async fn check(
        &self,
        answer: &Secret,
        budget: Budget,
    ) -> Result<(), RateLimitError> {
        if self.port.is_solved(answer).await? {
            Ok(())
        } else {
            Err(RateLimitError::CaptchaRequired { budget })
        }
    }
}
