export function find(name: string): string | undefined;
