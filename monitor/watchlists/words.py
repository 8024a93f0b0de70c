"""Small word lists for reading seeds in English, Vietnamese and French: function words, and which language they speak for."""

from __future__ import annotations

from monitor import text as texts


def word_set(block: str) -> frozenset[str]:
    """The words of a block of text."""
    return frozenset(block.split())


_EN = """a about above after again against all already also although am among an and any are around as at be became because become been before began
being below between both but by can cannot come could day did do does doing done down during each either even ever every few first for from further
get give given go good had has have having he her here hers herself him himself his how however i if in including indeed into is it its itself just
keep last later least less like made make makes making many may me might month more moreover most much must my myself near need never new next no nor
not now of off often on once one only onto or other others our ours out over own part per put rather recent recently s said same say says second see
set several shall she should show since so some still such take than that the their theirs them themselves then there these they thing things this
those three through thus to today together told too toward towards two under until up upon us use used very via was way we week well were what when
where whether which while who whom whose why will with within without would year years yes yet you your yours although amid according across
yesterday tomorrow tonight various stronger giants giant burgeoning beyond come comes came go goes went gone affairs affair enhancing
emphasizing thanks ago alongside upcoming despite meanwhile whereas therefore besides instead overall nearly almost"""
_FR = """a afin ai ainsi alors apres au aucun aussi autre autres aux avait avant avec avoir ayant c car ce ceci cela celle celles celui ces cet cette ceux
chaque chez comme comment d dans de depuis des deux donc dont du elle elles en encore entre est et etaient etait etc ete etre eu eux fait faire
fois font fut grace hors il ils j je jusqu l la laquelle le lequel les leur leurs lors lorsque lui lundi ma mais malgre mardi me meme memes mes mon n ne
ni nos notamment notre nous on ont ou par parmi pas pendant peu peut plus plusieurs pour pourquoi qu quand que quel quelle quelles quels qui quoi s
sa sans se selon sera ses si son sont sous sur ta tandis tel telle tels tes toi tous tout toute toutes tres trop tu un une unes vers via vos votre
vous y egalement ancien"""
_VI = """anh ba bang boi cac cai can cang cho chi chung co con cua cung da dang day de den do duoc gan gi giua hai han hay hien hon het hoi khi khong la
lai lam len loi ma mot moi nay nen neu nhat nhieu nhu nhung nam nay ngay nguoi noi o ong phai qua ra rang rat roi sau se so su tai tat the theo thi thu
tren trong truoc tu tung va van vao ve vi viec voi vua y"""

STOP: dict[str, frozenset[str]] = {lang: word_set(block) for lang, block in (("en", _EN), ("fr", _FR), ("vi", _VI))}

# The common words of news prose and of talk about it: too general to be a topic however often the seeds use them.
_GENERAL_EN = """ability able access according achieve achievement action active activity address advance advancement affirm agency agree agreement aim
allow ambition amount announce announcement annual approach area article aspect assume attract attractive author available average aware back balance
balancing ban begin behalf benefit best better big billion block boost boss bring broad broader build building business businesses buy call candidate
capability capabilities capacity case central century certain chairman challenge chance change chapter chief citizen city civil claim clear close
collaborate collaboration collaborative comment commission commit commitment committee common community companies company compete competition
competitive complete comprehensive concern condition conclude conclusion confidence confirm consider context continue contribute contribution control
cooperate cooperation corporate corporation cost council countries country create creating creativity critical crucial cultural current customer cut
daily date deal decade decide decision deep deepen define delegation deliver demand demonstrate department deputy describe design designate detail
determination develop development dialogue difference different difficult diplomatic direct direction discuss discussion diverse diversify dollar
domestic draft drive driver driving during dynamic early earlier economic economics economy effect effective effort emerge emphasize enable encourage
end endeavor engage engagement enhance enjoy ensure enterprise enterprises entrepreneurship environment especially essential establish
establishment euro event evolve example exchange executive exhibit expand expansion expect experience expert explore express extend face facilitate
factor fair favorable feature federal field figure final finance financial find firm firms focus follow force foreign form forum forward foster found
framework friendship fuel full fund funding future game general generate gesture global globe goal goods government governments great ground group
groundwork group grow growing growth half hand head hear heart held help high highlight history hold home host hour house hub human idea impact
implement implementation implication import importance important improve inaugurate include increase increased increasing independent indicate
industrial industries industry influence information initial initiative inside institution integrate integration interest international introduce
invest investment investments investor involve issue issues item itinerary job join journey key know knowledge labor landscape large largest launch law
lead leader leaders leadership leading learn led left level leverage life likely limit line link list live local long look low main maintain major
manage management manager market markets matter mean measure media meet meeting meetings member mention message milestone million minister ministry
model moment momentum money move multiple mutual name nation national nations natural nature necessary negotiate negotiation network news newly
note notable number objective observer offer office official officials open opening operate operation operations opportunities opportunity option order
organization outcome outline outlook output outside parent parliament part participant participate particular particularly parties partner partners
partnership partnerships party past path pave pay peace penetration people percent period person phase pillar pivotal place plan plans platform
platforms play player pledge point poise policy political popular population position positive possibility possible post potential power powers
practical premium prepare presence present presidency president press price prime principle priority private proactive problem process produce
product products professional program project projects prominent promise promote prospect prosperous protect protection proud provide public publish
purchase pursue push question quickly quote raise rank rapid rate reach read ready real reality reason receive recognize record reduce refer reflect
regard region regional regulation regulatory relation relations relationship relevant reliance remain remark remarkable remarks report represent
representative require reserve resilient resource resources respect respond response result return reveal rich right ripe rise rising risk road
robust role round rule sale scenario schedule sector sectors secure security seek sell senior sense series serve service services set shape share
shared shift show sideline sidelines sign signal significant significantly similar simple situation size skilled social society soft solid solidify
solution solutions soon source south southeast speak special specific spend spokesman stage stakeholder standard start state statement states
status stay step strategic strategies strategy streamline strength strengthen strong substantial substantive substantively succeed success successful
successfully suggest summary summit supply support surge sustainable system table talent talk talks tap target task team tell term text thank think
ties time top total trade tradition traditional training transaction transfer transform transparent travel treat trend trip trust turn type
understand underscore unfold union unique unit unite unlock unlock upgrade urge usage user users vacancy value vast venture version viable view vision
visit vital voice volume vote warn watch welcome wide willing willingness win wish woman work worker workforce working world write wrote young
pivot forthcoming ongoing widely seeking including like remains representing relations reactions january february march april june july august
september october november december monday tuesday wednesday thursday friday saturday sunday english spanish tonne tonnes ton tons"""
_GENERAL_FR = """accent accord accords acteur action activite affaire an annee annonce ans appui avenir besoin cadre cause cent centre chaine chef choix
cinq communaute commun contexte cooperation cours creation croissance croissant debut decision demande dernier dernieres destine developpement
developper devrait dirigeant dirigeants dix domaine domaines economie economique effet effort enjeu engagement entreprise entreprises entretien
entretiens environnement etablir etat euros evoque exprime face faveur fin fois fonds force formation general gouvernement grand grande groupe haut
heure important industrie innovation integration interet international investissement investissements investisseurs jour lien liens lieu lundi
majeurs marche matiere membre mesure ministre mois monde mondial mondiale mise moyen nation national nations niveau nombre nouveau nouvelle objectif
occasion offre opportunites parti participation partie partenaire partenaires partenariat pays personne place plan point politique position
possibilite premier premiere presence president prix produit programme projet projets proposer propose qualite question rapport recherche region
relation relations rencontre rencontres renforce renforcer representant represente reprise responsable ressources retour route rappele saluer secteur
secretaire securite semaine signature signe situation societe societes soutenir strategie strategique strategiques sujet tete travail trois usage
valeur ville visite volonte vue transfert transferts technique marche"""
GENERAL = word_set(f"{_GENERAL_EN} {_GENERAL_FR}")

_VIETNAMESE_LETTERS = frozenset("ăơưđạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ")


def language(text: str, default: str = "en") -> str:
    """The language of `text` among en, fr and vi by its function words and letters; `default` where neither speaks."""
    letters = [char for char in text.lower() if char.isalpha()]
    if letters and sum(char in _VIETNAMESE_LETTERS for char in letters) > len(letters) / 12:
        return "vi"
    found = texts.words(text)
    counts = {lang: sum(word in STOP[lang] for word in found) for lang in ("en", "fr")}
    best = max(counts, key=lambda lang: counts[lang])
    return best if counts[best] else default


def is_stop(word: str) -> bool:
    """True for a folded function word of any of the three languages (Vietnamese ones only when they are not words of the others)."""
    return word in STOP["en"] or word in STOP["fr"]
