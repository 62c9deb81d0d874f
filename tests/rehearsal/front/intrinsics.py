"""Values of a template's expressions: parameters, conditions, and the resources of a stack that exists."""

import re


class Unresolved(Exception):
    """An expression that this file does not evaluate."""


NOTHING = object()


class Values:
    """`resources` holds the physical ids of the stack's resources, `names` the expressions for resources that the emulator lacks."""

    def __init__(self, template, parameters, stack_id, resources, names):
        self.template, self.parameters, self.resources, self.names = template, parameters, resources, names
        _, _, _, region, account, rest = stack_id.split(":", 5)
        self.pseudo = {
            "AWS::StackId": stack_id, "AWS::StackName": rest.split("/")[1], "AWS::Region": region, "AWS::AccountId": account,
            "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com", "AWS::NoValue": NOTHING,
        }

    def value(self, node):
        if isinstance(node, list):
            return [value for value in map(self.value, node) if value is not NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            function, argument = next(iter(node.items()))
            evaluate = {
                "Ref": self.ref, "Fn::GetAtt": self.attribute, "Fn::Sub": self.sub, "Fn::If": self.choice, "Fn::Join": self.join,
                "Fn::FindInMap": self.mapped, "Fn::Select": lambda pair: self.value(pair[1])[int(self.value(pair[0]))],
                "Fn::Split": lambda pair: self.value(pair[1]).split(pair[0]),
            }.get(function)
            if evaluate:
                return evaluate(argument)
            if function.startswith("Fn::"):
                raise Unresolved(function)
        return {key: value for key, value in ((key, self.value(inner)) for key, inner in node.items()) if value is not NOTHING}

    def ref(self, name):
        for known in (self.pseudo, self.parameters, self.resources):
            if name in known:
                return known[name]
        if name in self.names:
            return self.value(self.names[name])
        raise Unresolved(f"Ref {name}")

    def attribute(self, argument):
        name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        kind = self.template["Resources"].get(name, {}).get("Type")
        physical = self.resources.get(name)
        if physical is not None and (kind, attribute) == ("AWS::Lambda::Version", "Version"):
            return physical.rsplit(":", 1)[1]
        if physical is not None and (kind, attribute) == ("AWS::Lambda::Function", "Arn"):
            return f"arn:aws:lambda:{self.pseudo['AWS::Region']}:{self.pseudo['AWS::AccountId']}:function:{physical}"
        raise Unresolved(f"Fn::GetAtt {name}.{attribute}")

    def sub(self, argument):
        text, variables = argument if isinstance(argument, list) else (argument, {})

        def replaced(match):
            name = match[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in variables:
                return str(self.value(variables[name]))
            return str(self.attribute(name) if "." in name else self.ref(name))

        return re.sub(r"\$\{([^}]+)\}", replaced, text)

    def join(self, argument):
        return argument[0].join(str(item) for item in self.value(argument[1]))

    def mapped(self, argument):
        name, first, second = map(self.value, argument[:3])
        return self.template["Mappings"][name][first][second]

    def choice(self, argument):
        condition, yes, no = argument
        return self.value(yes if self.condition(condition) else no)

    def condition(self, name):
        return self.holds(self.template["Conditions"][name])

    def holds(self, node):
        function, argument = next(iter(node.items()))
        if function == "Condition":
            return self.condition(argument)
        if function == "Fn::Equals":
            return str(self.value(argument[0])) == str(self.value(argument[1]))
        if function == "Fn::Not":
            return not self.holds(argument[0])
        if function in ("Fn::And", "Fn::Or"):
            return (all if function == "Fn::And" else any)(map(self.holds, argument))
        raise Unresolved(f"{function} in a condition")

    def exists(self, logical):
        """Whether the condition of a resource holds."""
        condition = self.template["Resources"][logical].get("Condition")
        return condition is None or self.condition(condition)
