// Reads the functions and their roles from transformed templates, with the intrinsic functions of CloudFormation replaced by
// the values that a deployment would have.

export const PARTITION = "aws";
export const REGION = "eu-central-1";
export const ACCOUNT = "123456789012";

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Fields = { [name: string]: Json };

export interface Policy {
  name: string;
  document: Json;
}

/** The role of a function. */
export interface Role {
  /** The name of the function: `get-pokemon`. */
  function: string;
  policies: Policy[];
  /** The number of characters of the inline policies, as IAM counts them: without white space. */
  inlineSize: number;
}

/** Returns an ARN of the region and the account. */
export function arn(service: string, resource: string): string {
  return `arn:${PARTITION}:${service}:${REGION}:${ACCOUNT}:${resource}`;
}

/** Returns the ARN of a resource of IAM, which has no region. */
export function global(resource: string): string {
  return `arn:${PARTITION}:iam::${ACCOUNT}:${resource}`;
}

/** Returns the roles of all functions of the `templates`. A managed policy may be in another template than the role. */
export function roles(templates: Fields[], parameters: Record<string, string>): Role[] {
  const resolvers = templates.map((template) => new Resolver(template, parameters));
  const managed = new Map(resolvers.flatMap((resolver) => resolver.managedPolicies()));
  return resolvers.flatMap((resolver) => resolver.roles(managed));
}

/** Returns the policies of all roles and managed policies of a template, by logical id. */
export function rights(template: Fields, parameters: Record<string, string>): Map<string, Policy[]> {
  return new Resolver(template, parameters).rights();
}

/** The attributes of roles that this check evaluates, and those that grant nothing. */
const ROLE = ["AssumeRolePolicyDocument", "Description", "ManagedPolicyArns", "Path", "Policies", "RoleName", "Tags"];
/** Resources that would attach further policies to a role. */
const ATTACHED = ["AWS::IAM::Policy", "AWS::IAM::RolePolicy"];

class Resolver {
  private resources: Map<string, Fields> = new Map();

  constructor(
    private readonly template: Fields,
    private readonly parameters: Record<string, string>,
  ) {
    const exists = ([, resource]: [string, Json]) => {
      const condition = fields(resource)["Condition"];
      return condition === undefined || this.holds(text(condition));
    };
    const resources = Object.entries(fields(template["Resources"])).filter(exists);
    this.resources = new Map(resources.map(([id, resource]) => [id, fields(resource)]));
  }

  managedPolicies(): [string, Policy][] {
    return this.ofType("AWS::IAM::ManagedPolicy").map(([id, properties]) => {
      return [text(this.reference(id)), { name: id, document: this.resolve(properties["PolicyDocument"]) }];
    });
  }

  rights(): Map<string, Policy[]> {
    const managed = this.managedPolicies().map(([, policy]): [string, Policy[]] => [policy.name, [policy]]);
    const inline = this.ofType("AWS::IAM::Role").map(([id, properties]): [string, Policy[]] => [id, this.inline(properties)]);
    return new Map([...managed, ...inline]);
  }

  private inline(role: Fields): Policy[] {
    return list(this.resolve(role["Policies"] ?? [])).map((policy) => {
      const { PolicyName: name, PolicyDocument: document } = fields(policy);
      return { name: text(name), document: document ?? null };
    });
  }

  roles(managed: Map<string, Policy>): Role[] {
    const attached = ATTACHED.flatMap((type) => this.ofType(type)).map(([id]) => id);
    if (attached.length > 0) {
      throw new Error(`${attached.join(", ")}: this check reads only the policies inside roles`);
    }
    return this.ofType("AWS::Lambda::Function").map(([, lambda]) => {
      const role = this.ofType("AWS::IAM::Role").find(([id]) => {
        return this.attribute(id, "Arn") === this.resolve(lambda["Role"]);
      });
      const name = text(this.resolve(lambda["Handler"]));
      if (!role) {
        throw new Error(`${name}: its role is not in its template`);
      }
      const [id, properties] = role;
      const unknown = Object.keys(properties).filter((property) => !ROLE.includes(property));
      if (unknown.length > 0) {
        throw new Error(`${id}: this check does not evaluate ${unknown.join(", ")}`);
      }
      const inline = this.inline(properties);
      const shared = list(this.resolve(properties["ManagedPolicyArns"] ?? [])).map((arn) => {
        const policy = managed.get(text(arn));
        if (!policy) {
          throw new Error(`${id}: the managed policy ${text(arn)} is not in the templates`);
        }
        return policy;
      });
      const inlineSize = inline.reduce((sum, policy) => sum + JSON.stringify(policy.document).length, 0);
      return { function: name, policies: [...inline, ...shared], inlineSize };
    });
  }

  /** Returns the logical ids and properties of the resources of a type. */
  private ofType(type: string): [string, Fields][] {
    const found = [...this.resources].filter(([, resource]) => resource["Type"] === type);
    return found.map(([id, resource]) => [id, fields(resource["Properties"])]);
  }

  /** Replaces the intrinsic functions in `value`. */
  private resolve(value: Json | undefined): Json {
    return this.replaced(value) ?? null;
  }

  /** Replaces the intrinsic functions; `undefined` means that the element does not exist (`AWS::NoValue`). */
  private replaced(value: Json | undefined): Json | undefined {
    if (Array.isArray(value)) {
      return value.map((element) => this.replaced(element)).filter((element) => element !== undefined);
    }
    if (value === null || typeof value !== "object") {
      return value;
    }
    const entries = Object.entries(value);
    const [name, argument] = entries[0] ?? [];
    if (entries.length === 1 && (name === "Ref" || name?.startsWith("Fn::"))) {
      return this.intrinsic(name, argument ?? null);
    }
    const replaced = entries.map(([name, value]): [string, Json | undefined] => [name, this.replaced(value)]);
    return Object.fromEntries(replaced.filter((entry): entry is [string, Json] => entry[1] !== undefined));
  }

  private intrinsic(name: string, argument: Json): Json | undefined {
    switch (name) {
      case "Ref":
        return this.reference(text(argument));
      case "Fn::GetAtt": {
        const [id, attribute] = Array.isArray(argument) ? argument.map(text) : text(argument).split(".");
        return this.attribute(id ?? "", attribute ?? "");
      }
      case "Fn::Sub":
        return text(argument).replaceAll(/\$\{([^}]+)\}/g, (_, variable: string) => {
          const [id, attribute] = variable.split(".");
          return text(attribute ? this.attribute(id ?? "", attribute) : this.reference(variable));
        });
      case "Fn::If": {
        const [condition, then, otherwise] = list(argument);
        return this.replaced(this.holds(text(condition)) ? then : otherwise);
      }
      case "Fn::Equals": {
        const [one, other] = list(argument).map((value) => this.resolve(value));
        return one === other;
      }
      case "Fn::Not":
        return list(argument).map((value) => this.decision(value))[0] !== true;
      case "Fn::And":
        return list(argument).every((value) => this.decision(value));
      case "Fn::Or":
        return list(argument).some((value) => this.decision(value));
      default:
        throw new Error(`this check does not evaluate ${name}`);
    }
  }

  private holds(condition: string): boolean {
    return this.decision(fields(this.template["Conditions"])[condition]);
  }

  /** Returns the value of a condition function, or of the condition that `{ Condition: name }` refers to. */
  private decision(value: Json | undefined): boolean {
    const entries = Object.entries(fields(value));
    const [name, argument] = entries[0] ?? [];
    return entries.length === 1 && name === "Condition" ? this.holds(text(argument)) : this.resolve(value) === true;
  }

  private reference(name: string): Json | undefined {
    const pseudo: Record<string, string> = {
      "AWS::Partition": PARTITION,
      "AWS::Region": REGION,
      "AWS::AccountId": ACCOUNT,
      "AWS::URLSuffix": "amazonaws.com",
    };
    if (name === "AWS::NoValue") {
      return undefined;
    }
    const given = pseudo[name] ?? this.parameters[name];
    if (given !== undefined) {
      return given;
    }
    const resource = this.resources.get(name);
    if (resource === undefined) {
      const parameter = fields(this.template["Parameters"] ?? {})[name];
      const value = parameter === undefined ? undefined : fields(parameter)["Default"];
      if (value === undefined) {
        throw new Error(`the parameter or resource ${name} has no value`);
      }
      return value;
    }
    const properties = fields(resource["Properties"]);
    switch (resource["Type"]) {
      case "AWS::IAM::ManagedPolicy":
        return global(`policy/${this.resolve(properties["ManagedPolicyName"]) ?? name}`);
      case "AWS::Logs::LogGroup":
        return this.resolve(properties["LogGroupName"]);
      case "AWS::Lambda::Function":
        return this.resolve(properties["FunctionName"]);
      default:
        throw new Error(`this check does not know what a reference to ${name} returns`);
    }
  }

  private attribute(id: string, attribute: string): Json {
    const type = this.resources.get(id)?.["Type"];
    switch (`${type} ${attribute}`) {
      case "AWS::IAM::Role Arn":
        return global(`role/${id}`);
      // This ARN of a log group ends with `:*`, so that it includes the streams.
      case "AWS::Logs::LogGroup Arn":
        return arn("logs", `log-group:${text(this.reference(id))}:*`);
      case "AWS::Lambda::Function Arn":
        return arn("lambda", `function:${text(this.reference(id))}`);
      default:
        throw new Error(`this check does not know the attribute ${attribute} of ${id}`);
    }
  }
}

function text(value: Json | undefined): string {
  if (typeof value !== "string") {
    throw new Error(`${JSON.stringify(value)} is not a text`);
  }
  return value;
}

function list(value: Json | undefined): Json[] {
  if (!Array.isArray(value)) {
    throw new Error(`${JSON.stringify(value)} is not a list`);
  }
  return value;
}

function fields(value: Json | undefined): Fields {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new Error(`${JSON.stringify(value)} is not an object`);
  }
  return value;
}
