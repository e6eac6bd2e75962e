export {
  type Answer,
  type Challenge,
  claims,
  type CodeAlphabet,
  type Config,
  type Contact,
  Latchstring,
  type Method,
  type Name,
  type OpenedLink,
  type PendingState,
  type Refusal,
  type SignIn,
  type SignUp,
  type Tokens,
} from "./client.js";
export { type ErrorType, LatchstringError } from "./errors.js";
export type { CallOptions } from "./http.js";
export { memoryStorage, type TokenStorage } from "./storage.js";
