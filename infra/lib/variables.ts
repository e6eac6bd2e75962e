import { RULES, type Settings } from './settings';

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
