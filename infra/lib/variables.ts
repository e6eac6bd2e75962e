import type { LatchstringProps } from './props';
import { RULES, type Settings } from './settings';

/** In session mode no client answers a session, so the calls are signed unless the settings say otherwise. */
export function cognitoCalls({ settings, sessionMode }: Pick<LatchstringProps, 'settings' | 'sessionMode'>): 'public' | 'signed' {
  return settings?.cognitoCalls ?? (sessionMode ? 'signed' : 'public');
}

/**
 * Returns the namespace of a deployment's metrics. Each deployment of an account and Region has its own prefix,
 * so no alarm counts the metrics of another one.
 */
export function metricsNamespace(settings: Settings, prefix: string): string {
  return settings.metricsNamespace ?? `${RULES.metricsNamespace.default}/${prefix}`;
}

/** Returns the variables of the settings that are made. */
export function variables(settings: Settings): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, { variable }] of Object.entries(RULES)) {
    const value = settings[name as keyof Settings];
    if (value !== undefined) {
      found[variable] = String(value);
    }
  }
  return found;
}
