"""The words of Bicep itself; a new one is entered here once it is used."""

from typing import Final

_DECORATORS = """
allowed batchSize description discriminator export maxLength maxValue metadata minLength minValue onlyIfNotExists sealed
secure
"""
_FUNCTIONS = """
any array base64 base64ToJson base64ToString bool buildUri cidrHost cidrSubnet coalesce concat contains dataUri
dataUriToString dateTimeAdd dateTimeFromEpoch dateTimeToEpoch deployer deployment empty endsWith environment
extensionResourceId fail filter first flatten format getSecret groupBy guid indexOf int intersection items join json
last lastIndexOf length listKeys loadFileAsBase64 loadJsonContent loadTextContent loadYamlContent managementGroup
managementGroupResourceId map mapValues max min nameof newGuid objectKeys padLeft parseCidr parseUri pickZones range
readEnvironmentVariable reduce reference replace resourceGroup resourceId shallowMerge skip sort split startsWith string
subscription subscriptionResourceId substring take tenant tenantResourceId toLogicalZone toLogicalZones toLower toObject
toPhysicalZone toPhysicalZones toUpper trim union uniqueString uri uriComponent uriComponentToString utcNow
"""
NAMESPACES: Final = frozenset({"az", "sys"})
DECORATORS: Final = frozenset(_DECORATORS.split())
FUNCTIONS: Final = frozenset(_FUNCTIONS.split())
ONLY_IN_DEFAULTS: Final = frozenset({"newGuid", "utcNow"})
LOADERS: Final = frozenset({"loadTextContent", "loadJsonContent", "loadYamlContent", "loadFileAsBase64"})
