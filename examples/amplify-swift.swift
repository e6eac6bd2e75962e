// Amplify Swift: signing in. `test/mobile.test.js` parses it and checks its names.

// docs: amplify-swift
import Amplify
import AWSCognitoAuthPlugin

/// Has a code sent; with `proof` it makes the account instead.
func begin(_ identifier: String, method: String, proof: String? = nil) async throws {
    let opened = try await signInTicket(identifier, method: method, proof: proof)
    let flow = AWSAuthSignInOptions(authFlowType: .customWithoutSRP)
    _ = try await Amplify.Auth.signIn(username: opened.username, options: .init(pluginOptions: flow))
    try await confirm("begin", ["method": method.lowercased(), "ticket": opened.ticket])
}

@discardableResult
func confirm(_ answer: String, _ metadata: [String: String]? = nil) async throws -> AuthSignInResult {
    let options = AWSAuthConfirmSignInOptions(metadata: metadata)
    return try await Amplify.Auth.confirmSignIn(
        challengeResponse: answer, options: .init(pluginOptions: options))
}

/// Answers with the code: true if signed in, false if it was wrong.
func answer(_ identifier: String, method: String, code: String) async throws -> Bool {
    let result = try await confirm(code)
    if result.isSignedIn { return true }
    guard case .confirmSignInWithCustomChallenge(let info) = result.nextStep,
          info?["step"] == "claim", let proof = info?["proof"] else { return false }
    try await begin(identifier, method: method, proof: proof)
    return try await confirm(proof).isSignedIn
}

func resend() async throws { try await confirm("resend", ["action": "resend"]) }

/// After `signUp` or `changeContact`: now Amplify's tokens show the contact.
func refresh() async throws { _ = try await Amplify.Auth.fetchAuthSession(options: .forceRefresh()) }
// end

/// The answer of `signInTicket`.
struct Opened {
    let ticket: String
    let username: String
}

/// The app's own call of the mutation `signInTicket`.
func signInTicket(_ identifier: String, method: String, proof: String?) async throws -> Opened {
    fatalError("call the mutation")
}
