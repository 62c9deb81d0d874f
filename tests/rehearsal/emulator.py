"""SAM templates for the emulator: a packaged template becomes a plain one, which front/adapt.py adapts."""

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from front.adapt import adapted


def plain(template, region):
    """SAM to CloudFormation, offline. Functions must have been packaged: the translator accepts no folders."""

    class Session:  # The translator reads only its region.
        region_name = region

    return Translator({}, Parser(), boto_session=Session()).translate(template, {})


def for_emulator(packaged, region):
    template, _ = adapted(plain(yaml_parse(packaged), region))
    return template
