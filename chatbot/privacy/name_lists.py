"""First and family names of the world, and the words that are names only where something else says so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules


def words_of(text: str) -> frozenset[str]:
    """The words of a text in lines, for lists that are long to read one below the other."""
    return frozenset(text.split())


# Capitalised words that begin sentences or name things, not people.
COMMON = words_of(
    """
    a about account address after all also am amazing an and another any apologies app are as ask at
    back be because been before best bluetooth box brilliant but bye can card chat cheers christmas
    clear click client club code colour color contact could customer dark day dear delivery desk did
    do does done dont either email enjoy every exactly excellent express fair fine first
    for friday from germany gift glad gold good got great had happy has have hello help here hi hmm
    how i if in indeed invoice is it its january february march april may june july august september
    october november december just lamp let like lol look lovely many marketplace
    mastercard me member mine monday more morning much my name never new next nice no none not
    nothing noted now of oh ok okay omg on one only or order ordered our out packed parcel pay
    paypal perfect phew phone please portal quick re received regards resend return right
    sale saturday shall shipped shipping silver since sir so some someone somebody sorry soon
    splendid standard still sunday super support sure team thank thanks that the their them
    then there these they thing this thursday till to today tomorrow too tuesday two unfortunately
    until up us very visa was we wednesday welcome well what when where whether which while who why
    wifi will with within wonderful wow yay yes yesterday you your yours everyone
    everybody folks guys madam delivered cancelled free agent human operator chapter page privacy
    security profile settings site help centre center final orders lookup item items points
    oak english chinese french german spanish usd phd smart ltd llc inc shop store
    both nope yep yeah absolutely certainly promise cool cute stuff question questions hm huh wait
    stop refund refunds house number street flat by he she his her him ship deliver call mr mrs ms miss
    dr prof going looking trying waiting calling writing having getting still just really afraid told
    manager service services sales billing technical department company bank office hey says said using
    happy sad angry upset annoyed tired sick disappointed frustrated unable able ready interested curious
    speaking spoke got need needs want wants wanted based living located working moving travelling
    traveling leaving home away out off over under again soon later tonight aware certain confused
    concerned worried new old not now here there everyone each assistant courier driver warehouse store
    website online web google apple amazon facebook twitter iphone ipad android samsung windows microsoft
    pro max plus mini ultra air lite series edition version model monthly annual weekly daily standard
    premium basic free trial plan prime user users password login page screen button error update
    """
)
# Names that are words, months, places or brands too: alone they are taken for people only after a cue.
DOUBTFUL = words_of(
    """
    will grace mark rose may june april august hope joy faith summer amber ruby jade frank bill art max
    grant chase dean autumn dawn ivy violet lily daisy iris olive hazel holly heather ginger sandy rusty
    sunny misty stormy sky skye rain river brook brooke forest lake glen dale cliff clay stone reed reef
    dean earl duke king prince princess baron major junior pat sue rob kay bea dee van von art guy don
    chip chuck dick dot fern flora fauna pearl opal crystal diamond destiny harmony melody eve angel
    christian christ jesus israel jordan paris london austin chelsea georgia virginia carolina dallas
    houston sydney florence victoria vienna kent chester lincoln washington madison jackson phoenix
    savannah brooklyn india china asia america kenya mercedes porsche tesla ford lexus disney alexa siri
    cortana dakota montana cheyenne denver berlin boston camden cairo milan rome santiago valencia
    lourdes trinity genesis nova stella luna penny buck rich rusty happy star bliss charity constance
    patience prudence temperance honor justice liberty merit royal noble page piper hunter archer baker
    walker turner sawyer porter potter shepherd smith cook bishop abbot pope knight marshall young long
    short small little white black brown green gray grey gold silver price cash money banks bell ball
    bush wood woods field fields hill hills park parks street lane rivers waters banks marsh power
    powers day days week weeks winter winters spring springs fall summers snow frost rain moon sun love
    loving best better good strong rich poor wise sharp swift bright light dark cross case cole post
    self head hand hands foot bone heart sweet apple berry bean rice barley wheat corn honey sugar salt
    pepper sage basil rosemary thyme clove cash bond stock bonds check cheek chance luck lucky battle
    battles church temple castle tower towers bridge bridges gate gates wall walls hall house houses
    home homes beach beaches shore bay ocean waters marine marina harbor ranger gunner rocky bear fox
    wolf lamb hart crow drake finch hawk lark swan wren crane bird fish pike bass carp salmon trout sea
    seas lent pray miles meter metre miller mill mills page pages book books read reader write wright
    penn pencil paper print press office case cases story true truth blue red an so do he she ho long ma
    my no on or see so to too we wu you in are more most last first shop store sale sales buy pay paid
    cost free order ship shipped mail post card cards gift ace ai al alpha amor amen arc bee bo cam can
    cat ces che chi coy cy da day de den di din du ed el em era fe fay fin gay gil ha hal han has heath
    her him hung ice ill ira isa ive jan jin job ka kai key ki kin kit la lan lane lee les let lex li
    lin line liv lo lu lucky mac mace mai mal man many mat me mel melon mi min mina mo nan nu ode ok ola
    oma orange ora os pa pal paz per pet poppy pro ram rex rue rush sal san sim sol sole son sun sung
    tab tam tan tea thai thu tin tip ton toni ty ut vi via vic vin vita wade wan wing wynn yang yen yes
    yu zen dee major general colonel captain sergeant doctor nurse bee clement mali rio cruz santa isle
    merry gale domino candy cookie brandy sherry whisky tequila martini pilot master dusty crispy alto
    soprano viola mandolin cello reggae salsa samba tango polo golf cricket rugby france spain italy
    austria holland england scotland ireland poland romania norway sweden denmark finland greece turkey
    egypt cuba chile peru brazil canada mexico jamaica cyprus malta israel lebanon syria iran europe
    africa tokyo delhi mumbai chennai kolkata bangalore lagos nairobi seattle chicago orlando miami
    memphis detroit cleveland columbus atlanta charlotte raleigh aurora mesa tulsa tampa reno laredo
    care claim sales team club deal deals delivery plus basic ever never best service adobe oracle java
    ruby python perl swift scala kotlin mercury venus mars saturn jupiter pluto york texas arizona
    california florida ohio utah oregon nevada alabama alaska arkansas delaware idaho illinois iowa
    kansas kentucky louisiana maine maryland michigan minnesota missouri nebraska jersey oklahoma
    pennsylvania tennessee vermont wyoming hampshire rhode colorado wisconsin hawaii indiana dakota
    essex sussex dayton preston melbourne adelaide perth manchester venice athens moody delta storm
    tucker haven edit buy echo taurus leo sep oct nov dec mon tue wed thu fri sat haha tanks thnx towers
    engineers bandwidth rating president universe made once especially state pink beijing shanghai
    jiangsu guangzhou shenzhen hangzhou chengdu nanjing wuhan youtube yahoo google instagram linkedin
    pinterest snapchat paypal ebay tinder uber hilton marriott hyatt
    """
)


@dataclass(frozen=True, slots=True)
class NameLists:
    """Words in lower case: those that are no names, first names, and family names."""

    common: frozenset[str]
    given: frozenset[str]
    family: frozenset[str]


@lru_cache(8)
def name_lists(no_names: frozenset[str]) -> NameLists:
    """The lists of a company: without the words that are no names there."""
    common = COMMON | {word.lower() for word in no_names}
    return NameLists(common, _listed("first_name") - common, _listed("last_name") - common)


@lru_cache
def _listed(prefix: str) -> frozenset[str]:
    """Names in Latin letters without those that are frequent English words."""
    import faker.providers.person as people
    from faker.providers.lorem.en_US import Provider as Lorem

    names = {
        name.lower()
        for module in iter_modules(people.__path__, people.__name__ + ".")
        for values in _lists(import_module(module.name).Provider, prefix)
        for name in values
        if re.fullmatch(r"[A-ZÀ-Þ][\w'’-]*[a-zà-ÿ]", name) and len(name) > 2
    }
    return frozenset(names - {word.lower() for word in Lorem.word_list})


def _lists(provider: type, prefix: str) -> list[list[str]]:
    """What a locale has of them; weighted lists are dictionaries with the names as keys."""
    found = (getattr(provider, name) for name in dir(provider) if name.startswith(prefix))
    return [[n for n in v if isinstance(n, str)] for v in found if isinstance(v, list | tuple | set | dict)]
