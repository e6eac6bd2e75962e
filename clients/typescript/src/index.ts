export type { AppSyncConfig } from "./appsync.js";
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
  type Settings,
  type SignIn,
  type SignUp,
  type Tokens,
} from "./client.js";
export { type ErrorType, LatchstringError } from "./errors.js";
export type { HttpConfig } from "./http.js";
export type { CallOptions } from "./transport.js";
export { memoryStorage, type TokenStorage } from "./storage.js";
