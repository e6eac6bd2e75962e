// Amplify Flutter: signing in. `test/mobile.test.js` parses it and checks its names.

// docs: amplify-flutter
import 'package:amplify_auth_cognito/amplify_auth_cognito.dart';
import 'package:amplify_flutter/amplify_flutter.dart';

/// Sends a code; with [proof] it makes the account instead. One new ticket for each call.
Future<void> begin(String identifier, String method, {String? proof}) async {
  final opened = await signInTicket(identifier, method, proof: proof);
  await Amplify.Auth.signIn(
    username: opened.username,
    options: const SignInOptions(
      pluginOptions: CognitoSignInPluginOptions(
        authFlowType: AuthenticationFlowType.customAuthWithoutSrp,
      ),
    ),
  );
  await confirm('begin', {'method': method.toLowerCase(), 'ticket': opened.ticket});
}

Future<SignInResult> confirm(String answer, [Map<String, String>? metadata]) =>
    Amplify.Auth.confirmSignIn(
      confirmationValue: answer,
      options: ConfirmSignInOptions(
        pluginOptions: CognitoConfirmSignInPluginOptions(clientMetadata: metadata),
      ),
    );

/// Answers with the code: true if signed in, false if it was wrong.
Future<bool> answer(String identifier, String method, String code) async {
  final result = await confirm(code);
  if (result.isSignedIn) return true;
  final info = result.nextStep.additionalInfo;
  final proof = info['proof'];
  if (info['step'] != 'claim' || proof == null) return false;
  await begin(identifier, method, proof: proof);
  return (await confirm(proof)).isSignedIn;
}

Future<void> resend() => confirm('resend', {'action': 'resend'});

/// After `signUp` or `changeContact`: now Amplify's tokens show the contact.
Future<void> refresh() => Amplify.Auth.fetchAuthSession(
  options: const FetchAuthSessionOptions(forceRefresh: true),
);
// end

/// The answer of `signInTicket`.
class Opened {
  Opened(this.ticket, this.username);

  final String ticket;
  final String username;
}

/// The app's own call of the mutation `signInTicket`.
Future<Opened> signInTicket(String identifier, String method, {String? proof}) =>
    throw UnimplementedError('call the mutation');
