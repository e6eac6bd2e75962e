// Amplify Android: signing in. `test/mobile.test.js` parses it and checks its names.

// docs: amplify-android
import com.amplifyframework.auth.cognito.options.AWSCognitoAuthConfirmSignInOptions
import com.amplifyframework.auth.cognito.options.AWSCognitoAuthSignInOptions
import com.amplifyframework.auth.cognito.options.AuthFlowType
import com.amplifyframework.auth.options.AuthFetchSessionOptions
import com.amplifyframework.auth.result.AuthSignInResult
import com.amplifyframework.kotlin.core.Amplify

/** Has a code sent; with `proof` it makes the account instead. */
suspend fun begin(identifier: String, method: String, proof: String? = null) {
    val opened = signInTicket(identifier, method, proof)
    val flow = AWSCognitoAuthSignInOptions.builder()
        .authFlowType(AuthFlowType.CUSTOM_AUTH_WITHOUT_SRP).build()
    Amplify.Auth.signIn(opened.username, null, flow)
    confirm("begin", mapOf("method" to method.lowercase(), "ticket" to opened.ticket))
}

suspend fun confirm(answer: String, metadata: Map<String, String> = emptyMap()): AuthSignInResult {
    val options = AWSCognitoAuthConfirmSignInOptions.builder().metadata(metadata).build()
    return Amplify.Auth.confirmSignIn(answer, options)
}

/** Answers with the code: true if signed in, false if it was wrong. */
suspend fun answer(identifier: String, method: String, code: String): Boolean {
    val result = confirm(code)
    if (result.isSignedIn) return true
    val info = result.nextStep.additionalInfo ?: return false
    val proof = info["proof"].takeIf { info["step"] == "claim" } ?: return false
    begin(identifier, method, proof)
    return confirm(proof).isSignedIn
}

suspend fun resend() = confirm("resend", mapOf("action" to "resend"))

/** After `signUp` or `changeContact`: now Amplify's tokens show the contact. */
suspend fun refresh() =
    Amplify.Auth.fetchAuthSession(AuthFetchSessionOptions.builder().forceRefresh(true).build())
// end

/** The answer of `signInTicket`. */
class Opened(val ticket: String, val username: String)

/** The app's own call of the mutation `signInTicket`. */
suspend fun signInTicket(identifier: String, method: String, proof: String?): Opened =
    TODO("call the mutation")
