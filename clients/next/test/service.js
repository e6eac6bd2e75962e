import { CREDENTIAL, startDoor } from "./door.js";
export async function startService() {
  const door = await startDoor();
  return { ...door, credential: CREDENTIAL, code: async () => "123456", accountOf: async (t) => t === "access-token-1" && "account-1" };
}
export const wrong = () => "000000";
